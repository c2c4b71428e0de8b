import type { ErrorCode } from "../../protocol/errors.ts";
import { durations, limits } from "../../protocol/limits.ts";
import { ref, type Schema, text, whole } from "./schemas/shapes.ts";

/** A parameter of an operation. */
export interface Parameter {
	/** Its name in the request, where that is not its name in this table. */
	readonly name?: string;
	readonly in: "path" | "query" | "header";
	readonly description: string;
	readonly schema: Schema;
	/** A value that works on a server of its own; needed where the parameter is. */
	readonly example?: string | number;
	/** Whether it may be given more than once. */
	readonly repeated?: true;
	readonly required?: true;
	/** What may be wrong with it. */
	readonly problems?: readonly ErrorCode[];
}

const positionProblems: readonly ErrorCode[] = ["bad_position", "position_expired"];

/** What may stand in braces in a path. Each of these is declared wherever a route's pattern has it. */
export const pathParameters = {
	space: {
		in: "path",
		description: "The space. It need not be made before it is used.",
		schema: ref("Name"),
		example: "default",
		problems: ["bad_name"],
	},
	channel: {
		in: "path",
		description: "The channel.",
		schema: ref("Name"),
		example: "exchange",
		problems: ["bad_name"],
	},
	collection: {
		in: "path",
		description: "The collection.",
		schema: ref("Name"),
		example: "carts",
		problems: ["bad_name"],
	},
	id: { in: "path", description: "The record.", schema: ref("Name"), example: "cart-1", problems: ["bad_name"] },
	service: {
		in: "path",
		description: "The service. It need not be served when it is called.",
		schema: ref("Name"),
		example: "resize",
		problems: ["bad_name"],
	},
	call: { in: "path", description: "The call.", schema: ref("Name"), example: "call-1", problems: ["bad_name"] },
	seq: {
		in: "path",
		description: "The seq of the message.",
		schema: ref("Seq"),
		example: 1,
		problems: ["bad_request"],
	},
} as const satisfies Record<string, Parameter>;

/** The parameters that operations name. */
export const parameters = {
	after: {
		in: "query",
		description: "Only messages after this position. A bare seq is taken too, and not checked against the epoch.",
		schema: text("`<epoch>:<seq>`", { examples: ["0mws8iikc9alb9adv:41"] }),
		problems: positionProblems,
	},
	before: {
		in: "query",
		description: "Only messages before this position, the newest first unless `order` says otherwise.",
		schema: text("`<epoch>:<seq>`", { examples: ["0mws8iikc9alb9adv:41"] }),
		problems: positionProblems,
	},
	since: {
		in: "query",
		description: "Only messages stored at or after this time.",
		schema: ref("Time"),
		problems: ["bad_request"],
	},
	order: {
		in: "query",
		description: "Oldest or newest first. Default: `asc`; `desc` with `before` alone.",
		schema: { type: "string", enum: ["asc", "desc"] },
		problems: ["bad_request"],
	},
	limit: {
		in: "query",
		description: "How many at most.",
		schema: whole("", { minimum: 1, maximum: limits.pageMessagesMost, default: limits.pageMessages }),
		problems: ["bad_request"],
	},
	afterEach: {
		name: "after",
		in: "query",
		description:
			"Only messages after their channel's place in this cursor; of a channel that is not in it, what comes.",
		schema: ref("Cursor"),
		problems: positionProblems,
	},
	afterName: {
		name: "after",
		in: "query",
		description: "Only names after this one: `next` of the page before.",
		schema: text("A name.", { examples: ["team-42"] }),
	},
	prefix: {
		in: "query",
		description: "Only records whose id starts so.",
		schema: text("The beginning of an id.", { examples: ["user:"] }),
		problems: ["bad_request"],
	},
	cursor: {
		in: "query",
		description: "Where to go on: `next` of the page before.",
		schema: text("Made by the server; it means nothing to a client."),
		problems: ["bad_position", "position_expired"],
	},
	afterRevision: {
		name: "after",
		in: "query",
		description: "With `Accept: text/event-stream`: only changes after the event with this id.",
		schema: text("`<epoch>:<rev>`, or the id of any event of such a stream.", { examples: ["0mws8iikc9alb9adv:41"] }),
		problems: ["bad_request", ...positionProblems],
	},
	ttl: {
		in: "query",
		description:
			"The record expires so many seconds from now. Without it, a put stays, and a patch changes nothing of this.",
		schema: whole("", { minimum: 1, maximum: limits.ttlSeconds }),
		problems: ["bad_request"],
	},
	ifMatch: {
		name: "If-Match",
		in: "header",
		description: "Do it only while this is the ETag, or while there is anything (`*`).",
		schema: text("A list of ETags, or `*`.", { examples: ['"0mws8iikc9alb9adv:41"'] }),
		problems: ["bad_position", "condition_failed"],
	},
	ifHead: {
		name: "If-Match",
		in: "header",
		description: "Do it only while the channel's head is this position: one ETag, as the channel has it.",
		schema: text("One ETag.", { examples: ['"0mws8iikc9alb9adv:41"'] }),
		problems: ["bad_position", "condition_failed"],
	},
	ifNoneMatch: {
		name: "If-None-Match",
		in: "header",
		description: "Reading: answer 304 while this is the ETag. Writing: only while there is nothing (`*`).",
		schema: text("A list of ETags, or `*`.", { examples: ['"0mws8iikc9alb9adv:41"'] }),
		problems: ["bad_position"],
	},
	ifLock: {
		name: "If-Lock",
		in: "header",
		description:
			"Do it only while this lock is held with this token: `<name> <token>`. A lock is a record of collection `locks`; its " +
			"token is the ETag that its holder got, without the quotes.",
		schema: text("The name of a lock, a space, its token.", { examples: ["printer 0mws8iikc9alb9adv:41"] }),
		problems: ["bad_name", "bad_position", "lock_lost"],
	},
	ifFileChanged: {
		name: "If-None-Match",
		in: "header",
		description: "Answer 304 while this is the ETag.",
		schema: text("A list of ETags, or `*`."),
	},
	idempotencyKey: {
		name: "Idempotency-Key",
		in: "header",
		description:
			"Makes a request safe to repeat: the same key with the same request is answered what it was answered before.",
		schema: text("Printable ASCII.", { maxLength: limits.idempotencyKeyLength, examples: ["order-4711"] }),
		problems: ["bad_request", "idempotency_mismatch"],
	},
	lastEventId: {
		name: "Last-Event-ID",
		in: "header",
		description: "Sent by an EventSource that comes back: the last id it got. Wins over `after`.",
		schema: text("A position.", { examples: ["0mws8iikc9alb9adv:41"] }),
		problems: positionProblems,
	},
	wait: {
		in: "query",
		description: "Long-poll: where there is nothing yet, wait so many seconds for it.",
		schema: whole("", { minimum: 0, maximum: durations.waitMost / 1_000 }),
		problems: ["bad_request"],
	},
	prefer: {
		name: "Prefer",
		in: "header",
		description: "`respond-async`: answer at once, with 202 (RFC 7240).",
		schema: text("Preferences.", { examples: ["respond-async"] }),
	},
	lease: {
		in: "query",
		description: "For how many seconds the call is in your hands.",
		schema: whole("", { minimum: 1, maximum: durations.callMost / 1_000, default: durations.grace / 1_000 }),
		problems: ["bad_request"],
	},
	ticket: {
		in: "query",
		description:
			"With an upgrade or `Accept: text/event-stream`: in place of `Authorization`, which a browser's WebSocket and EventSource " +
			"cannot send. `POST /v1/tickets` makes one.",
		schema: text("Made by the server."),
	},
	channels: {
		name: "channel",
		in: "query",
		description: "A channel to read; given once for each.",
		schema: ref("Name"),
		example: "exchange",
		repeated: true,
		required: true,
		problems: ["bad_name", "bad_request"],
	},
	client: {
		in: "query",
		description: "The id of the running client.",
		schema: text("Letters, digits and `. _ ~ -`.", { maxLength: limits.clientLength, examples: ["k7Qm2x9Zb4"] }),
		problems: ["bad_name"],
	},
	connection: {
		in: "query",
		description: "The connection that the frame is for, as its `welcome` named it.",
		schema: text("Made by the server."),
		problems: ["not_found", "replaced"],
	},
	poll: {
		in: "query",
		description:
			"Makes the requests of a client that polls one connection, which takes over from the client's other connections, " +
			"and they from it: `new` in the first; from then on what the `welcome` of the first named `connection`. Without " +
			"it, a request stands beside the client's connections.",
		schema: text("`new`, or made by the server."),
	},
} as const satisfies Record<string, Parameter>;

/** The name of a parameter of the table. */
export type ParameterName = keyof typeof parameters;
