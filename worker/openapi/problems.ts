import type { Json } from "../../protocol/envelopes.ts";
import { type ErrorCode, errorCodes, errorRow } from "../../protocol/errors.ts";
import { answersValue, type Operation } from "./describe.ts";
import { headerObjects, problemHeaders } from "./headers.ts";
import { parameterCodes } from "./parameter-objects.ts";

/** The codes with which an operation may answer one status. */
export interface StatusCodes {
	readonly status: number;
	/** In the order of the error table. */
	readonly codes: readonly ErrorCode[];
}

/** What may stand in the way of every request. */
const everywhere: readonly ErrorCode[] = ["forbidden", "not_configured", "internal"];
/** What may be wrong with who asks, below /v1. */
const ofIdentities: readonly ErrorCode[] = ["unauthorized", "token_expired", "token_revoked", "keys_unavailable"];
/** What may be wrong with every query: a parameter that the path does not know, or one given twice. */
const ofQueries: readonly ErrorCode[] = ["bad_request"];
/** What may be wrong with every body. */
const ofBodies: readonly ErrorCode[] = [
	"malformed",
	"bad_encoding",
	"bad_request",
	"too_deep",
	"too_big",
	"unsupported_media_type",
	"not_json",
];

/** Every code that an operation may answer, by status: what it says itself, and what follows from its parts. */
export function codesOf(template: string, operation: Operation): readonly StatusCodes[] {
	const codes = new Set<ErrorCode>([
		...everywhere,
		...(template.startsWith("/v1/") ? [...ofIdentities, ...ofQueries] : []),
		...(answersValue(operation) ? (["not_acceptable"] as const) : []),
		...(operation.body ? ofBodies : []),
		...parameterCodes(template, operation),
		...(operation.problems ?? []),
	]);
	const ordered = errorCodes.filter((code) => codes.has(code));
	const statuses = [...new Set(ordered.map((code) => errorRow(code).status))].sort((a, b) => a - b);
	return statuses.map((status) => ({ status, codes: ordered.filter((code) => errorRow(code).status === status) }));
}

/** A reference to the response of some codes: operations that are refused alike share it. */
export function problemResponse(codes: readonly ErrorCode[]): Json {
	return { $ref: `#/components/responses/${codes.join(".")}` };
}

/** The responses that `problemResponse` refers to. */
export function problemResponses(all: readonly Pick<StatusCodes, "codes">[]): { readonly [name: string]: Json } {
	const entries = all.map(({ codes }) => [codes.join("."), responseObject(codes)] as const);
	return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function responseObject(codes: readonly ErrorCode[]): Json {
	const titles = codes.map((code) => `\`${code}\`: ${errorRow(code).title}`);
	// Keywords beside a $ref count too in JSON Schema 2020-12: problem details, with one of these codes.
	const schema = { $ref: "#/components/schemas/Problem", properties: { code: { enum: [...codes] } } };
	const rows = codes.map((code) => problemHeaders[code] ?? {});
	const named = [...new Set(rows.flatMap(({ always = [], sometimes = [] }) => [...always, ...sometimes]))];
	const always = named.filter((name) => rows.every((row) => row.always?.includes(name)));
	return {
		description: `${titles.join(". ")}.`,
		...headerObjects(
			always,
			named.filter((name) => !always.includes(name)),
		),
		content: Object.fromEntries(problemTypes.map((type) => [type, { schema }])),
	};
}

/** Problems come in the format that was asked for, under content types of their own. */
const problemTypes = ["application/problem+json", "application/problem+xml", "application/msgpack"];
