/** What an OpenAPI 3.1 document of ours may hold: the part of the specification that is used here, and nothing else. */
export const documentSchema = {
	$defs: {
		text: { type: "string", pattern: "\\S" },
		ref: object({ $ref: { type: "string", pattern: "^#/components/" } }),
		schema: { type: "object" },
		schemas: map({ $ref: "#/$defs/schema" }),
		media: object({ schema: { $ref: "#/$defs/schema" } }, { example: true, "x-events": { $ref: "#/$defs/schemas" } }),
		content: { ...map({ $ref: "#/$defs/media" }), propertyNames: { pattern: "^[a-z]+/[a-z.+-]+$" }, minProperties: 1 },
		header: object({
			description: { $ref: "#/$defs/text" },
			required: { type: "boolean" },
			schema: { $ref: "#/$defs/schema" },
		}),
		response: object(
			{ description: { $ref: "#/$defs/text" } },
			{ headers: map({ $ref: "#/$defs/header" }), content: { $ref: "#/$defs/content" } },
		),
		parameter: object(
			{
				name: { $ref: "#/$defs/text" },
				in: { enum: ["path", "query", "header"] },
				description: { $ref: "#/$defs/text" },
				schema: { $ref: "#/$defs/schema" },
			},
			{ required: { const: true }, explode: { const: true }, example: true },
		),
		operation: object(
			{
				operationId: { $ref: "#/$defs/text" },
				tags: { type: "array", items: { $ref: "#/$defs/text" }, minItems: 1, maxItems: 1 },
				summary: { type: "string", pattern: "[^.]$" },
				parameters: { type: "array", items: { $ref: "#/$defs/ref" } },
				responses: {
					type: "object",
					propertyNames: { pattern: "^[1-5]\\d\\d$" },
					additionalProperties: { anyOf: [{ $ref: "#/$defs/ref" }, { $ref: "#/$defs/response" }] },
				},
			},
			{
				description: { type: "string", pattern: "\\.$" },
				requestBody: object({ required: { const: true }, content: { $ref: "#/$defs/content" } }),
				security: { const: [{ bearer: [] }, {}] },
			},
		),
	},
	...object({
		openapi: { const: "3.1.1" },
		info: object({
			title: { $ref: "#/$defs/text" },
			summary: { $ref: "#/$defs/text" },
			description: { $ref: "#/$defs/text" },
			version: { $ref: "#/$defs/text" },
			license: object({ name: { $ref: "#/$defs/text" }, identifier: { $ref: "#/$defs/text" } }),
		}),
		servers: { type: "array", items: object({ url: { const: "/" } }) },
		tags: { type: "array", items: object({ name: { $ref: "#/$defs/text" }, description: { $ref: "#/$defs/text" } }) },
		paths: {
			type: "object",
			propertyNames: { pattern: "^(/([a-z0-9._-]+|\\{[a-z]+\\}))+$|^/$" },
			additionalProperties: {
				type: "object",
				propertyNames: { enum: ["get", "post", "put", "patch", "delete"] },
				additionalProperties: { $ref: "#/$defs/operation" },
			},
		},
		"x-errors": map(
			object(
				{
					status: { type: "integer", minimum: 400, maximum: 599 },
					retry: { enum: ["no", "now", "backoff"] },
					title: { $ref: "#/$defs/text" },
				},
				{ close: { type: "integer", minimum: 4000, maximum: 4999 } },
			),
		),
		components: object({
			securitySchemes: map(
				object({
					type: { const: "http" },
					scheme: { const: "bearer" },
					description: { $ref: "#/$defs/text" },
				}),
			),
			schemas: { $ref: "#/$defs/schemas" },
			parameters: map({ $ref: "#/$defs/parameter" }),
			responses: map({ $ref: "#/$defs/response" }),
		}),
	}),
};

function object(required: object, optional: object = {}) {
	return {
		type: "object",
		properties: { ...required, ...optional },
		required: Object.keys(required),
		additionalProperties: false,
	};
}

function map(additionalProperties: object) {
	return { type: "object", propertyNames: { pattern: "^[A-Za-z0-9._-]+$" }, additionalProperties };
}
