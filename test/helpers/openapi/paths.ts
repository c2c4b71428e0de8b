import { type ErrorCode, errorRow } from "../../../protocol/errors.ts";
import type { OpenApi, OpenApiRef, OpenApiResponse } from "../../../tools/openapi.ts";

/** A request, and the head of what came back. */
export interface Exchange {
	readonly method: string;
	/** The path and the query, as they were sent. */
	readonly target: string;
	readonly status: number;
	readonly headers: Headers;
}

/** A response of the document, and where it stands there. */
export interface Documented {
	readonly response: OpenApiResponse;
	/** A JSON pointer: `#/components/responses/not_found`. */
	readonly pointer: string;
}

/** Finds the responses of a document. */
export class DocumentedPaths {
	readonly #document: OpenApi;
	readonly #paths: readonly { readonly template: string; readonly pattern: RegExp }[];

	constructor(document: OpenApi) {
		this.#document = document;
		// A part that is written out wins over one in braces.
		const braces = (template: string) => template.split("{").length;
		const templates = Object.keys(document.paths).sort((a, b) => braces(a) - braces(b));
		this.#paths = templates.map((template) => ({ template, pattern: patternOf(template) }));
	}

	/** The response that the document has for an exchange, or in one sentence why it has none. */
	find({ method, target, status }: Exchange): Documented | string {
		if (status === 301 || status === 308) return this.#resolve({ $ref: "#/components/responses/canonical" });
		if (method === "OPTIONS" && status === 204) return this.#resolve({ $ref: "#/components/responses/options" });
		const asked = target.replace(/\?.*/s, "");
		const path = this.#paths.find(({ pattern }) => pattern.test(asked))?.template;
		// Methods are told apart by case, too: `get` is none.
		const name = method === "HEAD" ? "get" : method === method.toUpperCase() ? method.toLowerCase() : "";
		const operation = path === undefined ? undefined : this.#document.paths[path]?.[name];
		if (path === undefined || !operation) {
			const missing: ErrorCode = path === undefined ? "not_found" : "method_not_allowed";
			const codes: readonly ErrorCode[] = [missing, "forbidden", "not_configured"];
			const code = codes.find((one) => errorRow(one).status === status);
			if (code) return this.#resolve({ $ref: `#/components/responses/${code}` });
			return `with ${status}, where the document has no such ${path === undefined ? "path" : "method"}`;
		}
		const response = operation.responses[status];
		if (!response) return `with ${status}; ${operation.operationId} has only ${Object.keys(operation.responses)}`;
		if ("$ref" in response) return this.#resolve(response);
		return { response, pointer: `#/paths/${escapePointer(path)}/${name}/responses/${status}` };
	}

	#resolve({ $ref: pointer }: OpenApiRef): Documented {
		const response = this.#document.components.responses[pointer.replace(/.*\//, "")];
		if (!response) throw new Error(`the document has no ${pointer}`);
		return { response, pointer };
	}
}

/** A key as it stands in a JSON pointer (RFC 6901). */
export function escapePointer(key: string): string {
	return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function patternOf(template: string): RegExp {
	return new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`);
}
