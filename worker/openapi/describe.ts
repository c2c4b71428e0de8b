import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { HeaderName } from "./headers.ts";
import type { ParameterName } from "./parameters.ts";
import type { SchemaName } from "./schemas.ts";

/** The resources, as the document groups its operations. */
export type Tag =
	| "server"
	| "exchange"
	| "spaces"
	| "channels"
	| "messages"
	| "live"
	| "collections"
	| "services"
	| "transactions"
	| "tokens";

/** What a request's body holds. */
export interface RequestBody {
	readonly schema: SchemaName;
	/** Default: JSON, XML and MessagePack. `json`: JSON only. */
	readonly formats?: "all" | "json";
	/** Content types that are read besides those: `application/merge-patch+json`. */
	readonly types?: readonly string[];
	/** A body that shows how it looks. */
	readonly example?: unknown;
}

/** One way in which an operation succeeds. */
export interface Answer {
	readonly description: string;
	/** What the body holds. Without it, `media` and `events` there is none. */
	readonly schema?: SchemaName;
	/** In which formats `schema` is answered. Default: JSON, XML and MessagePack. `json`: JSON only. */
	readonly formats?: "all" | "json";
	/** The content types of a body that is no value: `text/html`. */
	readonly media?: readonly string[];
	/** A stream of server-sent events: by the name of an event, what its `data` holds (as JSON). */
	readonly events?: { readonly [event: string]: SchemaName };
	/** Headers that always come. */
	readonly headers?: readonly HeaderName[];
	/** Headers that come sometimes. */
	readonly sometimes?: readonly HeaderName[];
}

/** What one route does, for the document at `/openapi.json`. Path parameters come from the pattern of the route. */
export interface Operation {
	/** A verb and a noun, unique in the document: `publishMessages`. */
	readonly id: string;
	readonly tag: Tag;
	/** A few words, without a full stop. */
	readonly summary: string;
	/** What a caller must know besides, as Markdown. */
	readonly description?: string;
	/** Names from `parameters.ts`. Each brings the problems it may cause. */
	readonly parameters?: readonly ParameterName[];
	readonly body?: RequestBody;
	/** By status. */
	readonly answers: { readonly [status: number]: Answer };
	/**
	 * Codes it is refused with, besides those that follow from what is said here: of its parameters, of a body, and
	 * those that every operation may answer.
	 */
	readonly problems?: readonly ErrorCode[];
}

const operations = new WeakMap<object, Operation>();

/** Carries the description of a route: `.get("/", describe({ … }), handler)`. It does nothing to a request. */
export function describe(operation: Operation): MiddlewareHandler {
	const carrier: MiddlewareHandler = (_, next) => next();
	operations.set(carrier, operation);
	return carrier;
}

/** The description that a handler of a route carries, if it is such a carrier. */
export function operationOf(handler: object): Operation | undefined {
	return operations.get(handler);
}

/** Whether an operation answers a value, in the format that a request accepts most; else what is accepted is all the same. */
export function answersValue({ answers }: Operation): boolean {
	return Object.values(answers).some(({ schema, formats }) => schema !== undefined && formats !== "json");
}

/** The description of the route that a request goes to; undefined where none takes it. */
export function operationAt(context: Context): Operation | undefined {
	for (const { handler } of matchedRoutes(context)) {
		const operation = operationOf(handler);
		if (operation) return operation;
	}
	return undefined;
}
