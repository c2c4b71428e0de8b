import type { Capability } from "../protocol/capabilities.ts";
import type { Contract } from "../protocol/contract/contract.ts";
import type { Json } from "../protocol/envelopes.ts";
import type { Quotas } from "../protocol/limits.ts";
import type { TokenAlgorithm } from "../protocol/tokens.ts";

export { defineContract } from "../protocol/contract/contract.ts";

/** How long a channel keeps messages: what is passed first drops the oldest. `Infinity` is no bound. */
export interface RetentionConfig {
	/** Milliseconds. Default: 86,400,000, which is a day; of a keyed channel no bound. */
	readonly age?: number;
	/** Default: 100,000. */
	readonly messages?: number;
	/** Of the messages as JSON text. Default: 67,108,864, which is 64 MiB. */
	readonly bytes?: number;
}

/** What is said of some channels. */
export type ChannelConfig =
	| {
			/**
			 * `log`: every message is kept and replayed. `keyed`: of each key, the last one, and a publish needs a key. A channel
			 * stays what it was when its first message was stored, until it is purged. Default: log.
			 */
			readonly kind?: "log" | "keyed";
			readonly retention?: RetentionConfig;
	  }
	| {
			/** Messages are delivered live and stored nowhere. */
			readonly kind: "ephemeral";
			readonly retention?: never;
	  };

/** What a hook says of what it was shown: nothing, a refusal with a sentence for whoever sent it, or other data in its place. */
export type HookAnswer = undefined | { readonly reject: string } | { readonly data: unknown };

/** A message that is about to be stored, or, if it is ephemeral, to be passed on. Changing it in place changes nothing. */
export interface PublishEvent {
	readonly space: string;
	readonly channel: string;
	/** Who publishes it. */
	readonly principal: string;
	readonly name?: string;
	readonly key?: string;
	readonly id?: string;
	readonly ephemeral: boolean;
	readonly data: Json;
}

/** A write of a record that is about to be stored. Changing it in place changes nothing. */
export interface RecordWriteEvent {
	readonly space: string;
	readonly collection: string;
	readonly id: string;
	/** Who writes it. */
	readonly principal: string;
	/** The document as it is now; null where there is none. */
	readonly before: { readonly [key: string]: Json } | null;
	/** The whole document as it is to be, also of a patch; null where it is deleted. */
	readonly data: { readonly [key: string]: Json } | null;
}

/** A connection that is about to be opened. */
export interface ConnectEvent {
	readonly space: string;
	/** Whom it speaks for. */
	readonly principal: string;
	/** The id of the program, where it gave one. */
	readonly client?: string;
	/** A WebSocket, an event stream or a long-poll; each long-poll is one. */
	readonly door: "socket" | "stream" | "poll";
	/** Of the request. */
	readonly headers: Headers;
}

/** Code of the application that has a say. What one throws is logged, and answered `application_failed`. */
export interface Hooks {
	/**
	 * Called for each message to be published, by whatever door, after its contract was kept and before it is stored. It is
	 * synchronous, and holds up everything else of its space. A message that it rejects is answered `rejected`, and so is the
	 * list that the message is in, whole.
	 */
	readonly onPublish?: (message: PublishEvent) => HookAnswer;
	/** Called likewise for each write of a record, deletions too; records that expire are not written. */
	readonly onRecordWrite?: (write: RecordWriteEvent) => HookAnswer;
	/**
	 * Called before a WebSocket, an event stream or a long-poll is opened, and may take its time: 10 s at most. What it rejects
	 * is answered `forbidden`. Plain requests, such as a page of history, are no connections; nor is raw TCP.
	 * Whoever calls a service over HTTP and waits for the reply opens a long-poll; by `Prefer: respond-async` it is a plain request.
	 */
	readonly onConnect?: (connect: ConnectEvent) => ConnectAnswer | Promise<ConnectAnswer>;
}

/** What `onConnect` says: nothing, or a refusal with a sentence for whoever connects. */
export type ConnectAnswer = undefined | { readonly reject: string };

/** What is said of one key of `AEROGRAM_KEYS`. */
export interface KeyConfig {
	/** What the key, and the tokens that it signs, may do at most. Default: everything. */
	readonly capabilities?: readonly Capability[];
}

/** A public key as a JWK (RFC 7517). */
export interface PublicKey {
	/** Its id: tokens name it in their header. */
	readonly kid?: string;
	readonly kty?: string;
	readonly [member: string]: unknown;
}

/** Somebody else whose tokens are taken: an identity provider. */
export interface IssuerConfig {
	/** The `iss` of its tokens, exactly. */
	readonly issuer: string;
	/** Tokens count only if their `aud` is this, or holds it. Default: `aud` is not looked at. */
	readonly audience?: string;
	/** How its tokens are signed: what a token says of that itself never decides. */
	readonly algorithm: Exclude<TokenAlgorithm, "HS256">;
	/**
	 * Where its public keys are to be had as a JWK Set: `https://login.example.com/.well-known/jwks.json`. A name, and no address;
	 * no redirect is followed. `http` is taken for this machine alone.
	 */
	readonly url?: string;
	/** Its public keys themselves, in place of the URL or besides it. */
	readonly keys?: readonly PublicKey[];
	/** What its tokens may do at most; one without `caps` may do all of it. Default: what `caps` says, and nothing without. */
	readonly capabilities?: readonly Capability[];
}

/** What `aerogram.config.ts` may say. Every field has a default. */
export interface Config {
	/** What `welcome` and raw TCP greet with: one line. Default: "Welcome to Aerogram". */
	readonly greeting?: string;
	/** What the exchange answers, from the name it was given: one line. Default: "Hello, <name>! Your message is stored." */
	readonly reply?: (name: string) => string;
	readonly tcp?: {
		/**
		 * Whether raw TCP greets. `auto`: who stays silent for `wait` is greeted, who speaks first is answered without a
		 * greeting before it. Default: auto.
		 */
		readonly greeting?: "auto" | "always" | "never";
		/** How long `auto` waits, in milliseconds. Default: 200. */
		readonly wait?: number;
		/**
		 * Whether raw TCP is served outside dev mode: to who says first who they are, `{"auth": "<token>"}`. Raw TCP is not
		 * encrypted: only where nobody listens on the way. Default: no, the port is closed.
		 */
		readonly tokens?: boolean;
	};
	/**
	 * Origins of web pages that may connect, exactly as browsers send them: `https://app.example.com`, and no pattern; one that no
	 * browser sends keeps the server from starting. Pages that the server serves itself may always. Default: none.
	 */
	readonly origins?: readonly string[];
	/**
	 * Keys of `AEROGRAM_KEYS` that may do less than everything, by their ids:
	 * `{ ci: { capabilities: [{ allow: ["publish"], on: "builds/channels/**" }] } }`. Default: every key may do everything.
	 */
	readonly keys?: { readonly [id: string]: KeyConfig };
	/** Whose tokens are taken besides those that a key signed. Default: nobody's. */
	readonly issuers?: readonly IssuerConfig[];
	/**
	 * Kind and retention of channels, by patterns of their names: a part of a name may be `*`, which stands for any one, and
	 * the last part `**`, which stands for one or more. The most specific pattern decides, whatever their order, and alone:
	 * `chat:main` before `chat:*` before `*:main` before `**`. Default: every channel is a log, and keeps a day, 100,000
	 * messages or 64 MiB.
	 */
	readonly channels?: { readonly [pattern: string]: ChannelConfig };
	/**
	 * What messages, records and calls look like: `defineContract({ channels: { "chat:*": schema }, … })`, with synchronous
	 * schemas of any library that keeps to Standard Schema, such as zod and valibot. What violates it is refused with
	 * `contract_violated`; what a schema gives out (defaults, what it strips or transforms) is what is stored. Each schema is
	 * tried with some values when the Worker starts. Default: everything may be anything.
	 */
	readonly contract?: Contract;
	/**
	 * How much a client, a principal or a space may use: rates, and how many of what. Each is a whole number, and each default
	 * stands with its reason in `docs/reference/limits.md`. Default: as shipped.
	 */
	readonly limits?: Partial<Quotas>;
	/** Code of your own that has a say in what is stored and who connects. Default: none. */
	readonly hooks?: Hooks;
}

/** Types `aerogram.config.ts`; changes nothing. */
export function defineConfig(config: Config): Config {
	return config;
}
