import { isCarriedNumber } from "../codec/json.ts";
import type { Json } from "../envelopes.ts";
import { limits } from "../limits.ts";

/**
 * Whether a value is one that JSON carries as it is: no dates, no functions, no numbers beyond 2^53, not deeper than may be.
 * Members that are undefined count as absent.
 */
export function isJson(value: unknown, depth: number = limits.depth): value is Json {
	switch (typeof value) {
		case "string":
		case "boolean":
			return true;
		case "number":
			return isCarriedNumber(value);
		case "object":
			return value === null || (depth > 0 && isContainer(value, depth - 1));
		default:
			return false;
	}
}

function isContainer(value: object, depth: number): boolean {
	if (Array.isArray(value)) return Array.from(value).every((item) => isJson(item, depth));
	const prototype = Object.getPrototypeOf(value) as unknown;
	if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return false;
	if ("toJSON" in value && typeof value.toJSON === "function") return false;
	return Object.values(value).every((member) => member === undefined || isJson(member, depth));
}
