import type { Json } from "../../protocol/envelopes.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Schema } from "./schemas/shapes.ts";

/** A header of a response. */
export interface Header {
	readonly description: string;
	readonly schema: Schema;
}

const string: Schema = { type: "string" };

/** Every header that an operation may say it answers. One of these that comes without being said fails the tests. */
export const headers = {
	ETag: {
		description:
			'For If-None-Match and If-Match: a position or revision in double quotes, `"<epoch>:<seq>"`, with the format behind ' +
			"it where that is not JSON; of a page, from where to where it reaches; of a file, its digest.",
		schema: {
			type: "string",
			pattern:
				'^(W/"[a-z0-9]{17}:[0-9]+-[0-9]+(-xml|-msgpack)?"|"([a-z0-9]{17}:[0-9]+(-xml|-msgpack)?|[0-9a-f]{40})")$',
		},
	},
	Location: { description: "The path of what was made.", schema: { type: "string", pattern: "^/" } },
	Link: { description: '`<path>; rel="next"`: the page after this one. Absent on the last.', schema: string },
	"Idempotency-Replayed": {
		description: "`true`: this Idempotency-Key was used before, and this is the answer of then.",
		schema: { type: "string", const: "true" },
	},
	"Retry-After": {
		description: "How long to wait before the next attempt, in seconds.",
		schema: { type: "string", pattern: "^[0-9]+$" },
	},
	"WWW-Authenticate": {
		description: "How to say who you are: `Bearer`, with a token or a key.",
		schema: { type: "string", const: "Bearer" },
	},
	Allow: { description: "The methods that this path takes.", schema: string },
	"Accept-Patch": { description: "The content types that PATCH reads here.", schema: string },
} as const satisfies Record<string, Header>;

/** The name of a header of the table. */
export type HeaderName = keyof typeof headers;

/** Headers that come with a problem of some code: always, or sometimes. */
export const problemHeaders: {
	readonly [Code in ErrorCode]?: {
		readonly always?: readonly HeaderName[];
		readonly sometimes?: readonly HeaderName[];
	};
} = {
	unauthorized: { always: ["WWW-Authenticate"] },
	token_expired: { always: ["WWW-Authenticate"] },
	token_revoked: { always: ["WWW-Authenticate"] },
	keys_unavailable: { sometimes: ["Retry-After"] },
	method_not_allowed: { always: ["Allow"] },
	condition_failed: { sometimes: ["ETag"] },
	position_expired: { always: ["ETag"] },
	rate_limited: { always: ["Retry-After"] },
	budget_spent: { always: ["Retry-After"] },
	unsupported_media_type: { sometimes: ["Accept-Patch"] },
	space_full: { sometimes: ["Retry-After"] },
	storage_full: { sometimes: ["Retry-After"] },
	internal: { sometimes: ["Retry-After"] },
};

/** The headers of a response: those that always come, and those that come sometimes. */
export function headerObjects(
	always: readonly HeaderName[],
	sometimes: readonly HeaderName[],
): { readonly headers?: Json } {
	const names = [...always, ...sometimes];
	if (names.length === 0) return {};
	const entries = names.map((name) => [name, { ...headers[name], required: always.includes(name) }]);
	return { headers: Object.fromEntries(entries) };
}
