import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { parseJson } from "../protocol/codec/json.ts";
import type { Json } from "../protocol/envelopes.ts";
import type { JsonObject } from "../sdk/index.ts";
import { helpHint } from "./arguments.ts";
import { isObject } from "./record.ts";
import { UsageError } from "./usage-error.ts";

/**
 * The data that stands on the command line; undefined when it comes by stdin: `-` says so, and so does none where stdin is
 * no terminal.
 *
 * @throws UsageError when there is neither.
 */
export function givenData(command: string, data: string | undefined): string | undefined {
	if (data === undefined && process.stdin.isTTY) {
		throw new UsageError(`Give the data, or - to read it from stdin; ${helpHint(command)}.`);
	}
	return data === "-" ? undefined : data;
}

/**
 * Reads a JSON value.
 *
 * @throws UsageError that begins with what was read, such as `The data`.
 */
export function readJson(command: string, what: string, json: string, advice = ""): Json {
	const read = parseJson(json);
	if (read.ok) return read.value;
	throw new UsageError(`${what} cannot be read. ${read.fault.message}${advice} S${helpHint(command).slice(1)}.`);
}

/**
 * Reads the JSON object that a command was given, as an argument or as all of stdin.
 *
 * @throws UsageError
 */
export async function readObject(command: string, data: string | undefined): Promise<JsonObject> {
	const value = readJson(command, "The data", givenData(command, data) ?? (await text(process.stdin)));
	if (isObject(value)) return value;
	throw new UsageError(`A record is a JSON object, such as {"paid": true}; ${helpHint(command)}.`);
}

/** The lines of stdin, as they come, without their ends. */
export function stdinLines(): AsyncIterable<string> {
	return createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
}
