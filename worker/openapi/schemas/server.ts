import { answered, type Schema, text } from "./shapes.ts";

/** What the server says of itself. */
export const serverSchemas = {
	Service: answered({
		name: { type: "string", const: "aerogram" },
		greeting: text("What greets whoever connects: one line."),
		openapi: text("The path of the OpenAPI document."),
		docs: text("The path of a page that shows it."),
		health: text("The path of the health."),
		exchange: text("The path that takes exchanges."),
		spaces: text("The path of the list of spaces."),
		sdk: text("The path of the SDK as one module."),
		collections: text("A URI template (RFC 6570) of a collection."),
	}),
	Health: answered({
		status: { type: "string", const: "ok" },
		mode: text("`dev`: everybody may do everything, on this machine only.", { enum: ["dev", "production"] }),
	}),
	OpenApi: {
		type: "object",
		description: "An OpenAPI 3.1 document.",
		properties: {
			openapi: { type: "string", pattern: "^3\\.1\\." },
			info: { type: "object" },
			paths: { type: "object" },
		},
		required: ["openapi", "info", "paths"],
	},
} satisfies Record<string, Schema>;
