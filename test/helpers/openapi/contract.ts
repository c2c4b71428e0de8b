import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Json } from "../../../protocol/envelopes.ts";
import type { OpenApi, OpenApiResponse } from "../../../tools/openapi.ts";
import { readBodyValue } from "./bodies.ts";
import { DocumentedPaths, type Exchange, escapePointer } from "./paths.ts";

/** What an OpenAPI document promises of answers, as a judge. Each finding is the rest of a sentence: "it answered …". */
export class Contract {
	readonly #paths: DocumentedPaths;
	readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
	readonly #validators = new Map<string, ValidateFunction>();
	/** The headers that are described anywhere, in lower case: where one is not, it must not come. */
	readonly #headers: ReadonlySet<string>;

	constructor(document: OpenApi) {
		this.#paths = new DocumentedPaths(document);
		this.#ajv.addSchema(document, "openapi");
		this.#headers = new Set(responsesOf(document).flatMap(headerNames));
	}

	/** What is wrong with the status, the headers and the content type. */
	checkHead(exchange: Exchange): readonly string[] {
		const documented = this.#paths.find(exchange);
		if (typeof documented === "string") return [documented];
		const { response, pointer } = documented;
		const findings = Object.entries(response.headers ?? {}).flatMap(([name, { required, schema }]) => {
			const value = exchange.headers.get(name);
			if (value === null) return required ? [`without the header ${name}`] : [];
			return this.#ajv.validate(schema, value) ? [] : [`with ${name}: ${value}, which ${this.#ajv.errorsText()}`];
		});
		const described = headerNames(response);
		for (const name of this.#headers) {
			if (exchange.headers.has(name) && !described.includes(name))
				findings.push(`with the undocumented header ${name}`);
		}
		const type = typeOf(exchange);
		const types = Object.keys(response.content ?? {});
		// A fetch that follows HEAD to an answer without a body may find no type.
		if (type === undefined ? types.length > 0 && exchange.method !== "HEAD" : !types.includes(type)) {
			findings.push(`as ${type ?? "no content type"}; ${pointer} has ${types.join(", ") || "no body"}`);
		}
		return findings;
	}

	/** What is wrong with a body, once it is whole. */
	checkBody(exchange: Exchange, body: Uint8Array): readonly string[] {
		const documented = this.#paths.find(exchange);
		if (typeof documented === "string") return [];
		const { response, pointer } = documented;
		const type = typeOf(exchange);
		if (exchange.method === "HEAD" || !response.content) return body.length === 0 ? [] : ["with an undocumented body"];
		if (type === undefined || !response.content[type]) return [];
		try {
			const read = readBodyValue(type, body);
			return read ? this.#validate(`${pointer}/content/${escapePointer(type)}/schema`, read.value) : [];
		} catch (error) {
			return [`with a body that is not ${type}: ${error}`];
		}
	}

	/** What is wrong with one event of a stream. */
	checkEvent(exchange: Exchange, event: string, data: string): readonly string[] {
		const documented = this.#paths.find(exchange);
		if (typeof documented === "string") return [];
		const { response, pointer } = documented;
		if (!response.content?.["text/event-stream"]?.["x-events"]?.[event]) return [`with an undocumented event ${event}`];
		try {
			const schema = `${pointer}/content/text~1event-stream/x-events/${escapePointer(event)}`;
			return this.#validate(schema, JSON.parse(data) as Json);
		} catch (error) {
			return [`with an event that is not JSON: ${error}`];
		}
	}

	#validate(pointer: string, value: Json): readonly string[] {
		// Each is compiled once.
		const validator = this.#validators.get(pointer) ?? this.#ajv.compile({ $ref: `openapi${pointer}` });
		this.#validators.set(pointer, validator);
		if (validator(value)) return [];
		const errors = (validator.errors ?? []).map(({ instancePath, message, params }) => {
			const name = typeof params.additionalProperty === "string" ? ` (${params.additionalProperty})` : "";
			return `${instancePath || "it"} ${message}${name}`;
		});
		return [
			`with a value that is not as ${pointer} says: ${errors.join("; ")}: ${JSON.stringify(value).slice(0, 500)}`,
		];
	}
}

/** Whether an answer is a stream of events, which has no end to wait for. */
export function isEventStream(exchange: Exchange): boolean {
	return typeOf(exchange) === "text/event-stream";
}

function typeOf({ headers }: Exchange): string | undefined {
	return headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
}

function headerNames(response: OpenApiResponse): readonly string[] {
	return Object.keys(response.headers ?? {}).map((name) => name.toLowerCase());
}

function responsesOf({ paths, components }: OpenApi): readonly OpenApiResponse[] {
	const operations = Object.values(paths).flatMap((item) => Object.values(item));
	const own = operations.flatMap(({ responses }) => Object.values(responses));
	return [...Object.values(components.responses), ...own.filter((one): one is OpenApiResponse => !("$ref" in one))];
}
