import { defineConfig } from "./worker/config.ts";

/** The one file to edit. What stands here are the defaults. */
export default defineConfig({
	/** What raw TCP and every socket greet with: one line. */
	greeting: "Welcome to Aerogram! 欢迎!",

	/** What the exchange answers: one line. */
	reply: (name) => `Hello, ${name}! Your message is stored.`,

	tcp: {
		/** "auto": who stays silent is greeted, who speaks first is just answered. Or "always", "never". */
		greeting: "auto",
		/** How long "auto" waits, in milliseconds. */
		wait: 200,
		/** Outside dev mode: whether it is open to who begins with {"auth": "<token>"}, or closed. Nothing there is encrypted. */
		tokens: false,
	},

	/** Web pages that may connect, beside those of the server itself and those on this machine in dev mode: "https://app.example.com". */
	origins: [],

	/**
	 * Keys of the secret AEROGRAM_KEYS that may do less than everything, by their ids:
	 * { ci: { capabilities: [{ allow: ["publish"], on: "builds/channels/**" }] } }. Every other key may do everything.
	 */
	keys: {},

	/**
	 * Whose tokens are taken besides those that a key signed: identity providers, each as
	 * { issuer: "https://login.example.com/", audience: "aerogram", algorithm: "RS256", url: "https://login.example.com/keys" }.
	 */
	issuers: [],

	/**
	 * Kind and retention of channels, by patterns of their names: `*` is any one part of a name, `**` at the end one or more,
	 * and the most specific pattern decides. A channel that no pattern matches is
	 * { kind: "log", retention: { age: 86_400_000, messages: 100_000, bytes: 67_108_864 } }: it keeps each message for a day,
	 * 100,000 of them or 64 MiB, whichever ends first. `kind` may also be "keyed", which keeps the last message of each key
	 * (and without an `age` for ever), or "ephemeral", which stores nothing.
	 */
	channels: {},

	/**
	 * What messages, records and calls look like, by schemas of zod, valibot or another library that keeps to Standard Schema:
	 * `defineContract({ channels: { "chat:*": schema }, collections: { carts: schema } })`. Put it into `contract.ts` beside this
	 * file, and the SDK has its types: `new Aerogram<typeof contract>(url)`. Everything may be anything.
	 */
	contract: {},

	/**
	 * How much a client, a principal or a space may use. `*Rate` is so many a second, `*Burst` so many at once; a delivery is
	 * one message to one subscriber. What stands in `docs/reference/limits.md` are the defaults, each with its reason: {
	 *   publishRate: 5_000, publishBurst: 20_000,              messages of a principal over HTTP and raw TCP
	 *   clientRate: 100_000, clientBurst: 1_000_000,           deliveries that one client causes from its sockets
	 *   principalRate: 200_000, principalBurst: 2_000_000,     deliveries that one principal causes over every door
	 *   membersPerChannel: 5_000, recordsPerCollection: 100_000, socketsPerSpace: 10_000,
	 *   spaceBytes: 8_000_000_000, rowsPerDay: 10_000_000, spacesPerPrincipal: 10_000
	 * }
	 */
	limits: {},

	/**
	 * Code of your own: `onPublish(message)` and `onRecordWrite(write)` see what is about to be stored and may return
	 * { reject: "why" } or { data: … } in its place; they are synchronous. `onConnect(connect)` sees who is about to connect,
	 * may return { reject: "why" }, and may be async. There are none.
	 */
	hooks: {},
});
