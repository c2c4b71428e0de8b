import { runInThisContext } from "node:vm";
import { build } from "esbuild";
import { sdkText } from "./build/sdk-text.ts";
import { projectFolder } from "./build.ts";

/** Any JSON. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An OpenAPI document, as far as tools and tests look into it. */
export interface OpenApi {
	readonly openapi: string;
	readonly info: { readonly title: string; readonly summary: string; readonly description: string };
	readonly tags: readonly { readonly name: string; readonly description: string }[];
	readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
	/** Every code of an error, with its HTTP status and whether the same request may be sent again. */
	readonly "x-errors": Readonly<
		Record<string, { readonly status: number; readonly close?: number; readonly retry: string; readonly title: string }>
	>;
	readonly components: {
		readonly schemas: Readonly<Record<string, OpenApiSchema>>;
		readonly parameters: Readonly<Record<string, OpenApiParameter>>;
		readonly responses: Readonly<Record<string, OpenApiResponse>>;
	};
}

/** A reference to something in `components`. */
export interface OpenApiRef {
	readonly $ref: string;
}

/** An operation of the document. */
export interface OpenApiOperation {
	readonly operationId: string;
	readonly tags: readonly string[];
	readonly summary: string;
	readonly description?: string;
	readonly parameters: readonly OpenApiRef[];
	readonly requestBody?: { readonly content: Readonly<Record<string, OpenApiMedia>> };
	readonly responses: Readonly<Record<string, OpenApiResponse | OpenApiRef>>;
}

/** A parameter of the document. */
export interface OpenApiParameter {
	readonly name: string;
	readonly in: string;
	readonly description: string;
	readonly required?: boolean;
	readonly schema: OpenApiSchema;
	readonly example?: Json;
}

/** A response of the document. */
export interface OpenApiResponse {
	readonly description: string;
	readonly headers?: Readonly<Record<string, OpenApiHeader>>;
	readonly content?: Readonly<Record<string, OpenApiMedia>>;
}

/** A header of a response. */
export interface OpenApiHeader {
	readonly description: string;
	readonly required: boolean;
	readonly schema: OpenApiSchema;
}

/** What a body holds in one content type. */
export interface OpenApiMedia {
	readonly schema: OpenApiSchema;
	readonly example?: Json;
	/** In a stream of events: what the `data` of each holds, by the name of the event. */
	readonly "x-events"?: Readonly<Record<string, OpenApiSchema>>;
}

/** A schema: JSON Schema 2020-12. */
export interface OpenApiSchema {
	readonly $ref?: string;
	readonly description?: string;
	readonly type?: string | readonly string[];
	readonly enum?: readonly Json[];
	readonly const?: Json;
	readonly items?: OpenApiSchema;
	readonly oneOf?: readonly OpenApiSchema[];
	readonly properties?: Readonly<Record<string, OpenApiSchema>>;
	readonly required?: readonly string[];
	readonly additionalProperties?: boolean;
	readonly pattern?: string;
	readonly minimum?: number;
	readonly maximum?: number;
	readonly minLength?: number;
	readonly maxLength?: number;
	readonly minItems?: number;
	readonly maxItems?: number;
	readonly default?: Json;
	readonly examples?: readonly Json[];
}

const entry = `
import { createApp } from "./worker/app.ts";
import { openApiDocument } from "./worker/openapi/document.ts";
export const text = JSON.stringify(openApiDocument(createApp().routes));
`;

/** The OpenAPI document of the sources as they are now: the same that a server built from them answers. */
export async function readOpenApi(root = projectFolder): Promise<OpenApi> {
	const { outputFiles } = await build({
		absWorkingDir: root,
		stdin: { contents: entry, resolveDir: root, loader: "ts" },
		bundle: true,
		write: false,
		format: "iife",
		globalName: "document",
		platform: "neutral",
		target: "es2024",
		conditions: ["workerd", "worker"],
		mainFields: ["module", "main"],
		loader: { ".html": "text" },
		// The routes only name what the SDK is; without it, nothing needs to be built before.
		plugins: [sdkText(Promise.resolve({ main: "", http: "", live: "" }))],
		logLevel: "silent",
	});
	// Node cannot load these sources itself: they import pages as text.
	const text: unknown = runInThisContext(`(() => {${outputFiles[0]?.text ?? ""}\nreturn document.text;})()`);
	return JSON.parse(String(text)) as OpenApi;
}
