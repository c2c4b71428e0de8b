import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { projectFolder } from "../../../tools/build.ts";
import type { OpenApi, OpenApiRef, OpenApiResponse, OpenApiSchema } from "../../../tools/openapi.ts";
import { createApp } from "../../../worker/app.ts";
import { operationOf } from "../../../worker/openapi/describe.ts";
import { openApiDocument, templateOf } from "../../../worker/openapi/document.ts";
import { readTable } from "../../helpers/protocol-blocks.ts";
import { documentSchema } from "./document-schema.ts";

const { routes } = createApp();
const openApi = JSON.parse(JSON.stringify(openApiDocument(routes))) as OpenApi;
const { schemas, parameters, responses } = openApi.components;

/** Every operation, with where it stands. */
const operations = Object.entries(openApi.paths).flatMap(([path, item]) =>
	Object.entries(item).map(([method, operation]) => ({ path, method, name: `${method} ${path}`, operation })),
);

/** Every `$ref` below a value. */
function refsOf(value: unknown): string[] {
	if (typeof value !== "object" || value === null) return [];
	return Object.entries(value).flatMap(([key, member]) =>
		key === "$ref" && typeof member === "string" ? [member] : refsOf(member),
	);
}

/** What a response or its reference says. */
function resolve(response: OpenApiResponse | OpenApiRef): OpenApiResponse {
	const found = "$ref" in response ? responses[response.$ref.replace(/.*\//, "")] : response;
	if (!found) throw new Error(`nothing is at ${JSON.stringify(response)}`);
	return found;
}

describe("the OpenAPI document", () => {
	test("is one by its own rules: no member is missing, misspelt or of another type", () => {
		const ajv = new Ajv2020({ allErrors: true });
		expect(ajv.validate(documentSchema, openApi), ajv.errorsText()).toBe(true);
	});

	test("describes every route, each once", () => {
		const served = [...new Set(routes.filter(({ method }) => method !== "ALL").map(nameOf))];
		const described = routes.filter(({ handler }) => operationOf(handler) !== undefined).map(nameOf);
		expect(served.length).toBeGreaterThan(10);
		expect(described.sort()).toEqual(served.sort());
		expect(operations.map(({ name }) => name).sort()).toEqual(served.sort());
	});

	test("names every operation once, as a verb and a noun", () => {
		const ids = operations.map(({ operation }) => operation.operationId);
		expect(new Set(ids).size).toBe(ids.length);
		for (const id of ids) expect(id).toMatch(/^[a-z]+([A-Z][A-Za-z]*)?$/);
	});

	test("refers to nothing that is not there, and holds nothing that nobody refers to", () => {
		const refs = new Set(refsOf(openApi));
		// A way to say who one is, is named and not referred to.
		const { securitySchemes: _, ...components } = openApi.components as OpenApi["components"] & {
			securitySchemes: object;
		};
		const there = Object.entries(components).flatMap(([kind, members]) =>
			Object.keys(members).map((name) => `#/components/${kind}/${name}`),
		);
		expect([...refs].filter((ref) => !there.includes(ref))).toEqual([]);
		// What is answered outside of all operations is only told in the text.
		const outside = /\/responses\/(?:canonical|options|not_found|method_not_allowed)$/;
		expect(there.filter((ref) => !refs.has(ref) && !outside.test(ref))).toEqual([]);
	});

	test.each(operations)(
		"declares what stands in braces, and names no parameter twice: $name",
		({ path, operation }) => {
			const named = operation.parameters.map(({ $ref }) => parameters[$ref.replace(/.*\//, "")]);
			const inPath = named.flatMap((parameter) => (parameter?.in === "path" ? [parameter.name] : []));
			expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
			const places = named.map((parameter) => `${parameter?.in} ${parameter?.name.toLowerCase()}`);
			expect(new Set(places).size).toBe(places.length);
		},
	);

	test.each(operations)("offers each value in every format, or in JSON alone: $name", ({ operation }) => {
		const contents = [
			operation.requestBody?.content,
			...Object.values(operation.responses)
				.map(resolve)
				.map(({ content }) => content),
		];
		for (const content of contents) {
			const types = Object.keys(content ?? {}).filter((type) => /json$|xml$|msgpack$/.test(type));
			const formats = new Set(types.map((type) => type.replace(/.*[/+]/, "")));
			expect([[], ["json"], ["json", "msgpack", "xml"]]).toContainEqual(
				[...formats].filter((one) => one !== "merge-patch").sort(),
			);
		}
	});

	test("has schemas that are sound, and whose examples are as they say", () => {
		const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
		// What is beside the schemas is no part of one.
		ajv.addVocabulary(Object.keys(openApi));
		ajv.addSchema(openApi, "openapi");
		for (const [name, { examples = [] }] of Object.entries(schemas)) {
			const validate = ajv.compile({ $ref: `openapi#/components/schemas/${name}` });
			for (const example of examples)
				expect(validate(example), `${name}: ${ajv.errorsText(validate.errors)}`).toBe(true);
		}
		for (const { operation, name } of operations) {
			for (const { schema, example } of Object.values(operation.requestBody?.content ?? {})) {
				if (example === undefined) continue;
				const validate = ajv.compile({ $ref: `openapi${schema.$ref}` });
				expect(validate(example), `${name}: ${ajv.errorsText(validate.errors)}`).toBe(true);
			}
		}
	});

	test("leaves no answer open: a member that is not described would fail the tests", () => {
		const answered = new Set<string>();
		const visit = (ref: string): void => {
			if (answered.has(ref)) return;
			answered.add(ref);
			for (const inner of refsOf(schemas[ref.replace(/.*\//, "")])) visit(inner);
		};
		const contents = operations.flatMap(({ operation }) => Object.values(operation.responses).map(resolve));
		for (const ref of refsOf(contents)) visit(ref);
		expect(answered.size).toBeGreaterThan(10);
		for (const ref of answered) {
			const name = ref.replace(/.*\//, "");
			// What these two may hold is told elsewhere, whole.
			if (!["OpenApi", "Envelope"].includes(name)) expect(openObjects(schemas[name]), name).toEqual([]);
		}
	});

	test("names, on some operation, every code that the protocol's page says comes over HTTP", () => {
		const page = readFileSync(join(projectFolder, "docs", "reference", "protocol.md"), "utf8");
		const told = [...readTable(page, "code")].flatMap(([code, cells]) =>
			/HTTP/.test(cells.at(-1) ?? "") ? [code] : [],
		);
		const named = new Set(Object.keys(responses).flatMap((name) => name.split(".")));
		expect(told.length).toBeGreaterThan(10);
		expect(told.filter((code) => !named.has(code))).toEqual([]);
	});
});

function nameOf({ method, path }: { readonly method: string; readonly path: string }): string {
	return `${method.toLowerCase()} ${templateOf(path)}`;
}

/** Objects in a schema that would let any member pass. */
function openObjects(schema: OpenApiSchema | undefined): OpenApiSchema[] {
	if (!schema) return [];
	const inner = [
		...Object.values(schema.properties ?? {}),
		...(schema.oneOf ?? []),
		...(schema.items ? [schema.items] : []),
	];
	// One without members of its own is what a client stored, and may hold anything.
	const isOpen = schema.properties !== undefined && schema.additionalProperties !== false;
	return [...(isOpen ? [schema] : []), ...inner.flatMap(openObjects)];
}
