import { overload } from "./overload.ts";
import { identity, input, quotas, type Threat, unit } from "./threat.ts";

/** How many rows there are to be. */
export const rows = 35;

/** A rule for each threat, in the order of the rows. Another one is one more entry, and a test whose name it gives. */
export const threats: readonly Threat[] = [
	{
		id: "T1",
		rule: "A page connects from an origin that is listed exactly, and is refused before the upgrade.",
		edits: [
			{
				file: "worker/http/origins.ts",
				find: `listed.has(origin)`,
				replace: `origins.some((one) => origin.startsWith(one))`,
			},
		],
		red: unit("http/origins", "one that begins alike"),
	},
	{
		id: "T2",
		rule: "A ticket for a socket opens it once.",
		edits: [
			{
				file: "worker/directory/tickets.ts",
				find: `if (ticket.opens === "socket")`,
				replace: `if (ticket.opens !== "socket")`,
			},
		],
		red: { test: "test/node/tickets.test.ts", named: "opens it once" },
	},
	{
		id: "T3",
		rule: "A pattern stands for names of as many parts as it has, part by part.",
		edits: [
			{
				file: "protocol/patterns.ts",
				find: `if (open ? parts.length < wanted.length : parts.length !== wanted.length) return false;`,
				replace: `if (parts.length < wanted.length) return false;`,
			},
		],
		red: unit("protocol/capabilities", "10,000 random questions"),
	},
	{
		id: "T4",
		rule: "A token may not say by which key or rules it is to be read.",
		edits: [
			{
				file: "protocol/tokens.ts",
				find: `if (found !== undefined) return refuse(`,
				replace: `if (found === "none") return refuse(`,
			},
		],
		red: unit("auth/tokens", "so that of all those by hand none is taken"),
	},
	{
		id: "T5",
		rule: "A socket ends with its token.",
		edits: [
			{
				file: "worker/space/permits.ts",
				find: `if (this.endOf(session) > this.#now()) return undefined;`,
				replace: `if (session.kept.authority) return undefined;`,
			},
		],
		red: { test: "test/node/rights.test.ts", named: "ends with its token" },
	},
	{
		id: "T6",
		rule: "A write that is sent again with its idempotency key is answered again, and not done again.",
		edits: [
			{
				file: "worker/space/parts/log/keys.ts",
				find: `if (!row) return undefined;`,
				replace: `if (!row || row.hash !== "") return undefined;`,
			},
		],
		red: input("T6"),
	},
	{
		id: "T7",
		rule: "A name is parts of letters, digits and . _ ~ - joined by colons, at most 164 characters, and is decoded once.",
		edits: [
			{
				file: "protocol/names.ts",
				find: `typeof text === "string" && text.length <= limits.nameLength && namePattern.test(text) && !/^\\.{1,2}$/.test(text)`,
				replace: `typeof text === "string"`,
			},
		],
		red: input("T7"),
	},
	{
		id: "T8",
		rule: "A merge patch gives an object members, and never another prototype.",
		edits: [
			{
				file: "protocol/merge-patch.ts",
				find: "Object.defineProperty(step.result, key, { value, enumerable: true, writable: true, configurable: true });",
				replace: "step.result[key] = value;",
			},
		],
		red: input("T8"),
	},
	{
		id: "T9",
		rule: "XML has no DTD: a document with a DOCTYPE is not read.",
		edits: [
			{
				file: "protocol/codec/xml-scan.ts",
				find: 'if (text.startsWith("<!", at)) return malformed("A DOCTYPE, or anything else of a DTD, is not read here");',
				replace: 'if (text.startsWith("<!", at)) return void this.#until("<!", ">");',
			},
		],
		red: input("T9"),
	},
	{
		id: "T10",
		rule: "Depth and whole numbers of JSON are looked at before it is parsed.",
		edits: [
			{
				file: "protocol/codec/json.ts",
				find: "if (refused) return refused;",
				replace: "if (refused && depth < 0) return refused;",
			},
		],
		red: input("T10"),
	},
	{
		id: "T11",
		rule: "MessagePack is believed no length that its bytes do not hold, and no depth beyond the limit.",
		edits: [
			{
				file: "protocol/codec/msgpack-read.ts",
				find: "if (this.#depth < 0) this",
				replace: "if (this.#depth < -1e9) this",
			},
			{
				file: "protocol/codec/msgpack-read.ts",
				find: "if (values > this.#bytes.length - this.#at) this.#cut();",
				replace: "",
			},
		],
		red: input("T11"),
	},
	{
		id: "T12",
		rule: "No body is unpacked: one with a Content-Encoding is refused, and no socket is compressed.",
		edits: [{ file: "worker/http/body.ts", find: `!== "identity") {`, replace: `=== "") {` }],
		red: input("T12"),
	},
	{
		id: "T13",
		rule: "A frame beyond the limit is not read, and ends its socket.",
		edits: [
			{
				file: "worker/space/dispatch.ts",
				find: `if (exceedsBytes(frame, mostBytes(session))) return session.close("too_big");`,
				replace: "",
			},
		],
		red: input("T13"),
	},
	{
		id: "T14",
		rule: "A socket of which nobody says who is on it lives for a moment.",
		edits: [
			{
				file: "worker/space/door.ts",
				find: `const waits = now() + durations.unknown;`,
				replace: `const waits = now() + 86_400_000;`,
			},
		],
		red: identity("T14"),
	},
	{
		id: "T15",
		rule: "A member is a client of a principal: another's client of the same name is another.",
		edits: [
			{
				file: "worker/space/parts/presence/rows.ts",
				find: "DELETE FROM members WHERE channel = ? AND principal = ? AND client = ?",
				replace: "DELETE FROM members WHERE channel = ? AND ? <> '' AND client = ?",
			},
		],
		red: identity("T15"),
	},
	{
		id: "T16",
		rule: "Reading what was is a right of its own.",
		edits: [
			{
				file: "worker/routes/messages.ts",
				find: `need(context, wait > 0 ? "subscribe" : "history", place);`,
				replace: `need(context, "subscribe", place);`,
			},
			{
				file: "worker/routes/messages.ts",
				find: `const window = lackOf(context, "history", place) && {`,
				replace: `const window = wait > 0 && lackOf(context, "history", place) && {`,
			},
		],
		red: identity("T16"),
	},
	{
		id: "T17",
		rule: "What the server fetches is where the configuration said, and no redirect leads elsewhere.",
		edits: [{ file: "worker/auth/fetch-keys.ts", find: `redirect: "manual"`, replace: `redirect: "follow"` }],
		red: unit("auth/key-set", "from nowhere that a redirect leads to"),
	},
	{
		id: "T18",
		rule: "What a request says of where it comes from gives it no budget of its own.",
		edits: [
			{
				file: "worker/auth/authenticate.ts",
				find: `if (isDevMode(env) && isClosed(signers.value)) return succeed(everybody);`,
				replace: `if (isDevMode(env) && isClosed(signers.value)) {
	return succeed({ ...everybody, principal: request.headers.get("x-forwarded-for") ?? anonymous });
}`,
			},
		],
		red: quotas("whatever X-Forwarded-For says"),
	},
	{
		id: "T19",
		rule: "The log is one line of ASCII for each thing it tells of.",
		edits: [
			{
				file: "protocol/log.ts",
				find: `return bounded.replace(/[\\x7f-\\uffff]/g,`,
				replace: `return bounded.replace(/\\\\n/g, "\\n").replace(/[\\x7f-\\uffff]/g,`,
			},
		],
		red: unit("log", "is one line of plain ASCII"),
	},
	{
		id: "T20",
		rule: "What is answered below /v1 is kept by nobody.",
		edits: [
			{
				file: "worker/http/headers.ts",
				find: `context.header("cache-control", "no-store");`,
				replace: `context.header("cache-control", "public, max-age=60");`,
			},
		],
		red: unit("http/headers", "the headers of what is nothing"),
	},
	{
		id: "T21",
		rule: "A page of another origin uses nothing that its visitor is logged in with.",
		edits: [
			{
				file: "worker/http/cors.ts",
				find: `maxAge: requestLimits.preflightSeconds,`,
				replace: `maxAge: requestLimits.preflightSeconds, credentials: true,`,
			},
		],
		red: unit("http/cors", "a GET with a cookie"),
	},
	{
		id: "T22",
		rule: "Digests are compared, every byte of them.",
		edits: [{ file: "worker/auth/digest.ts", find: `at < one.length`, replace: `at < 16` }],
		red: unit("auth/keys", "is compared by its digest, all of it"),
	},
	{
		id: "T23",
		rule: "Dev mode answers to names of this machine alone.",
		edits: [{ file: "worker/http/access.ts", find: `!isLoopback(host)`, replace: `!isLoopback(host) && host === ""` }],
		red: {
			test: "test/node/doors.test.ts",
			named: "in dev mode a Host that is not this machine finds every door closed",
		},
	},
	{
		id: "T24",
		rule: "A collection, a channel, a space and a principal have so much and no more.",
		edits: [
			{
				file: "worker/space/parts/collections/stage.ts",
				find: "this.#collection(collection).records >= most",
				replace: "most < 0",
			},
		],
		red: quotas("as many records as it may hold"),
	},
	{
		id: "T25",
		rule: "An idempotency key belongs to its principal.",
		edits: [
			{
				file: "worker/space/parts/log/keys.ts",
				find: `function scope(principal: string, key: string): string {`,
				replace: `function scope(principal: string, key: string): string {\n\tif (principal) return key;`,
			},
		],
		red: identity("T25"),
	},
	{
		id: "T26",
		rule: "A connection is its principal's, whatever it is called.",
		edits: [
			{
				file: "worker/space/parts/sockets/sockets.ts",
				find: `function clientKey(identity: ClientId): string {`,
				replace: `function clientKey(identity: ClientId): string {\n\tif (identity) return identity.client;`,
			},
		],
		red: identity("T26"),
	},
	{
		id: "T27",
		rule: "Nothing is taken for a page that does not say it is one.",
		edits: [
			{
				file: "worker/http/headers.ts",
				find: `context.header("x-content-type-options", "nosniff");`,
				replace: `context.res.headers.has("x-none");`,
			},
		],
		red: unit("http/headers", "/health"),
	},
	{
		id: "T28",
		rule: "The package brings no other with it.",
		edits: [
			{ file: "tools/guards/dependencies.ts", find: `return [...runtime, ...ranges];`, replace: `return ranges;` },
		],
		red: { project: "unit", test: "test/guards/guards.test.ts", named: "T28: a package that would come along" },
	},
	{
		id: "T29",
		rule: "An error is a code and a sentence; what was thrown stands in the log alone.",
		edits: [
			{
				file: "worker/app.ts",
				find: `return respond(context, "internal", "Something failed in the server; nothing of this request was stored.");`,
				replace: `return respond(context, "internal", String(error.stack));`,
			},
		],
		red: { test: "test/node/statuses.test.ts", named: "internal: a fault of this build" },
	},
	{
		id: "T30",
		rule: "A publish costs its client one for each subscriber.",
		edits: [
			{ file: "worker/space/channel-envelopes.ts", find: "Math.max(1, this.#outbox.count(number))", replace: "1" },
		],
		red: quotas("one for each subscriber"),
	},
	{
		id: "T31",
		rule: "What is not UTF-8 is refused, never repaired.",
		edits: [{ file: "worker/http/body.ts", find: "fatal: true", replace: "fatal: false" }],
		red: input("T31"),
	},
	...overload,
];
