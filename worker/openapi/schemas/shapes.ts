import type { Json } from "../../../protocol/envelopes.ts";

/** A schema: JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export type Schema = { readonly [keyword: string]: Json };

/** Schemas by the names of their members. */
export type Members = { readonly [name: string]: Schema };

/** An object that is answered: these members, those of the second list only sometimes, and no others. */
export function answered(always: Members, sometimes: Members = {}, description?: string): Schema {
	return { ...object(always, sometimes, description), additionalProperties: false };
}

/** An object that is sent to the server: these members, those of the second list optional; others are ignored. */
export function sent(always: Members, sometimes: Members = {}, description?: string): Schema {
	return object(always, sometimes, description);
}

function object(always: Members, sometimes: Members, description: string | undefined): Schema {
	return {
		type: "object",
		...(description !== undefined && { description }),
		properties: { ...always, ...sometimes },
		required: Object.keys(always),
	};
}

/** The schema of that name, from `schemas.ts`. With a description, this one stands in its place. */
export function ref(name: string, description?: string): Schema {
	return { $ref: `#/components/schemas/${name}`, ...(description !== undefined && { description }) };
}

/** A list of these. */
export function list(items: Schema, description?: string, more: Schema = {}): Schema {
	return { type: "array", items, ...more, ...(description !== undefined && { description }) };
}

/** A text. `more` are further keywords: `pattern`, `examples`, `maxLength` … */
export function text(description: string, more: Schema = {}): Schema {
	return { type: "string", description, ...more };
}

/** A whole number. `more` are further keywords: `minimum`, `maximum` … */
export function whole(description: string, more: Schema = { minimum: 0 }): Schema {
	return { type: "integer", description, ...more };
}
