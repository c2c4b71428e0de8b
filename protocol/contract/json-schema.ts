import type { Json } from "../envelopes.ts";
import type { Contract } from "./contract.ts";
import { isJson } from "./is-json.ts";
import type { StandardSchema } from "./standard-schema.ts";

type Described = { readonly [key: string]: Json };

/** A contract for readers: each schema as JSON Schema where its library can say it, else as a sentence. */
export function describeContract({ channels = {}, collections = {}, services = {} }: Contract): Described {
	return {
		channels: describeAll(channels),
		collections: describeAll(collections),
		services: Object.fromEntries(
			Object.entries(services).map(([name, { input, output }]) => [
				name,
				{ ...(input && { input: describe(input) }), ...(output && { output: describe(output) }) },
			]),
		),
	};
}

function describeAll(schemas: { readonly [pattern: string]: StandardSchema }): Described {
	return Object.fromEntries(Object.entries(schemas).map(([pattern, schema]) => [pattern, describe(schema)]));
}

/** What is sent is what counts for who reads this: so the input of a schema that changes what it is given. */
function describe(schema: StandardSchema): Json {
	const { jsonSchema, vendor } = schema["~standard"];
	try {
		const written = jsonSchema?.input({ target: "draft-2020-12" });
		// As JSON it is plain, whatever the library left in it.
		const plain: unknown = written && JSON.parse(JSON.stringify(written));
		if (isJson(plain) && plain !== undefined) return plain;
	} catch {
		// Some schemas have no words in JSON Schema.
	}
	return { description: `A schema of ${vendor}, which does not say it as JSON Schema.` };
}
