import type { Json } from "./envelopes.ts";
import { limits, requestLimits } from "./limits.ts";
import { fail, type Result, succeed } from "./result.ts";

/** What a client says in an exchange. */
export interface Exchange {
	readonly name: string;
	readonly message: string;
}

/** Reads an exchange: an object with a name and a message, both text. Other members are ignored. */
export function readExchange(value: Json): Result<Exchange> {
	const fields =
		typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { [key: string]: Json }) : {};
	const { name, message } = fields;
	if (typeof name !== "string" || typeof message !== "string") {
		return fail("bad_request", 'Send an object with a name and a message, both text: {"name": "…", "message": "…"}.');
	}
	if (name === "" || name.length > requestLimits.exchangeNameLength) {
		return fail("bad_request", `The name is text of 1 to ${requestLimits.exchangeNameLength} characters.`);
	}
	return succeed({ name, message });
}

/** Reads an exchange, or a list of them, which is stored whole or not at all. */
export function readExchanges(value: Json): Result<readonly Exchange[]> {
	const values: readonly Json[] = Array.isArray(value) ? value : [value];
	if (values.length === 0) return fail("bad_request", "An empty list says nothing.");
	if (values.length > limits.batchMessages) return fail("too_big", `A list holds at most ${limits.batchMessages}.`);
	const exchanges: Exchange[] = [];
	for (const each of values) {
		const read = readExchange(each);
		if (!read.ok) return read;
		exchanges.push(read.value);
	}
	return succeed(exchanges);
}
