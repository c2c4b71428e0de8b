import type { Json } from "../envelopes.ts";
import type { ErrorCode } from "../errors.ts";
import { isName } from "../names.ts";
import { type PatternTable, readPatterns } from "../patterns.ts";
import { fail, type Result, succeed } from "../result.ts";
import type { Contract, ServiceContract } from "./contract.ts";
import { isJson } from "./is-json.ts";
import { isAsynchronous } from "./probe.ts";
import type { StandardIssue, StandardSchema } from "./standard-schema.ts";

/** A contract that has been looked at: its patterns are patterns, and no schema of it was seen to be asynchronous. */
export interface ReadContract {
	readonly channels: PatternTable<StandardSchema>;
	readonly collections: PatternTable<StandardSchema>;
	readonly services: ReadonlyMap<string, ServiceContract>;
}

/** What became of a check. */
export type Checked =
	/** The value as the schema gives it out: that is what counts from here on. */
	| { readonly ok: true; readonly value: Json }
	| {
			readonly ok: false;
			/** `contract_violated`; `application_failed` where the schema itself fails. */
			readonly code: Extract<ErrorCode, "contract_violated" | "application_failed">;
			readonly message: string;
			/** JSON Pointer (RFC 6901) to what is wrong in the value; "" is all of it. */
			readonly path: string;
			/** With `application_failed`: what to log, and not to tell. */
			readonly reason?: unknown;
	  };

/** Looks at a contract. The fault says what is wrong with it, and where. */
export function readContract(contract: Contract): Result<ReadContract> {
	const { channels = {}, collections = {}, services = {}, ...others } = contract;
	const [other] = Object.keys(others);
	if (other !== undefined)
		return fail("bad_request", `contract: there are channels, collections and services, no ${other}.`);
	const all = [...schemasOf("channels", channels), ...schemasOf("collections", collections)];
	for (const [name, { input, output }] of Object.entries(services)) {
		if (!isName(name)) return fail("bad_name", `contract, services: "${name}" is no name.`);
		if (input) all.push([`services, "${name}", input`, input]);
		if (output) all.push([`services, "${name}", output`, output]);
	}
	for (const [where, schema] of all) {
		const wrong = faultOf(schema);
		if (wrong) return fail("bad_request", `contract, ${where}: ${wrong}`);
	}
	const read = { channels: readPatterns(channels), collections: readPatterns(collections) };
	if (!read.channels.ok) return fail("bad_name", `contract, channels: ${read.channels.fault.message}`);
	if (!read.collections.ok) return fail("bad_name", `contract, collections: ${read.collections.fault.message}`);
	const table = new Map(Object.entries(services));
	return succeed({ channels: read.channels.value, collections: read.collections.value, services: table });
}

/** Checks the data of a message. What the contract does not speak of passes. */
export function checkPublish(contract: ReadContract, channel: string, data: Json): Checked {
	return checkValue(contract.channels.find(channel), data);
}

/** Checks the whole data of a record. */
export function checkRecord(contract: ReadContract, collection: string, data: Json): Checked {
	return checkValue(contract.collections.find(collection), data);
}

/** Checks what a service is called with. */
export function checkCallInput(contract: ReadContract, service: string, input: Json): Checked {
	return checkValue(contract.services.get(service)?.input, input);
}

/** Checks what a service answers. */
export function checkCallOutput(contract: ReadContract, service: string, output: Json): Checked {
	return checkValue(contract.services.get(service)?.output, output);
}

/** Checks a value by a schema, if there is one. Never throws. */
export function checkValue(schema: StandardSchema | undefined, value: Json): Checked {
	if (!schema) return { ok: true, value };
	try {
		const result = schema["~standard"].validate(value);
		if (isPromise(result)) {
			result.then(undefined, () => {});
			return failed("it is asynchronous, and nothing waits for it");
		}
		const issue = result.issues?.[0];
		if (issue) return violated(issue);
		if ("value" in result && isJson(result.value)) return { ok: true, value: result.value };
		return failed("it gave out something that is not JSON");
	} catch (error) {
		return failed(error);
	}
}

function failed(reason: unknown): Checked {
	const message =
		"The server's own code failed (a schema of its contract): its log says why. Nothing of this was stored.";
	return { ok: false, code: "application_failed", message, path: "", reason };
}

function violated({ message, path = [] }: StandardIssue): Checked {
	const keys = path.map((segment) => String(typeof segment === "object" ? segment.key : segment));
	const pointer = keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
	const where = pointer === "" ? "" : ` at ${pointer}`;
	const sentence = `The contract does not take this${where}: ${message.replace(/\.?$/, ".")}`;
	return { ok: false, code: "contract_violated", message: sentence, path: pointer };
}

function schemasOf(
	section: string,
	schemas: { readonly [pattern: string]: StandardSchema },
): [string, StandardSchema][] {
	return Object.entries(schemas).map(([pattern, schema]) => [`${section}, "${pattern}"`, schema]);
}

function faultOf(schema: StandardSchema | undefined): string | undefined {
	if (typeof schema?.["~standard"]?.validate !== "function") {
		return "this is no schema. Take one of a library that keeps to Standard Schema: https://standardschema.dev.";
	}
	if (!isAsynchronous(schema)) return undefined;
	return (
		"this schema is asynchronous, and nothing is stored that still waits for a check: take a synchronous one. (Of zod, it " +
		"may be a transform that throws where it is tried with a value that it was not made for: let it take any.)"
	);
}

function isPromise(value: unknown): value is Promise<unknown> {
	return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}
