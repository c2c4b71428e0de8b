import type { Contract } from "../../protocol/contract/contract.ts";
import { describeContract } from "../../protocol/contract/json-schema.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { type ErrorCode, errorCodes, errorRow } from "../../protocol/errors.ts";
import { type Answer, type Operation, operationOf, type RequestBody, type Tag } from "./describe.ts";
import { headerObjects } from "./headers.ts";
import { describeParameters, parameterObject } from "./parameter-objects.ts";
import { parameters, pathParameters } from "./parameters.ts";
import { codesOf, problemResponse, problemResponses } from "./problems.ts";
import { type SchemaName, schemas } from "./schemas.ts";

/** A route, as far as the document needs it. Hono's `app.routes` are such. */
export interface DescribedRoute {
	readonly method: string;
	/** `/v1/spaces/:space` */
	readonly path: string;
	readonly handler: object;
}

type Members = { readonly [name: string]: Json };

/** The formats in which every value is read and answered, by their content types. */
const formats = {
	all: ["application/json", "application/xml", "application/msgpack"],
	json: ["application/json"],
} as const;

const tags: { readonly [Name in Tag]: string } = {
	exchange: "A first program: a name and a message in, a greeting out.",
	spaces: "A space is the unit of order, placement and cost. It holds channels and collections.",
	channels: "A channel is an ordered, durable log of messages.",
	messages: "Publishing, history, and reading live by long-poll or server-sent events.",
	live: "Sockets, and what stands in for them where there are none.",
	collections: "JSON documents with revisions and conditional writes.",
	services: "Calls: ask a service, and be answered by a client that serves it; or serve one.",
	transactions: "Publishes and writes of records that are stored together or not at all.",
	tokens: "Who may do what: a key, which is a server's, mints tokens for clients.",
	server: "The server itself: its health, its documents, the SDK.",
};

const about = [
	"Every value is read and answered as JSON, XML or MessagePack, by `Content-Type` and `Accept`. JSON is the default; " +
		"how XML writes a value stands in the protocol's page. The same request in another format is the same request. What a " +
		"format cannot carry (MessagePack, half a character) is `not_acceptable`, never changed. HEAD is taken wherever GET " +
		"is, and OPTIONS everywhere.",
	"An answer with an ETag may be kept by the one who asked, who asks again by `If-None-Match`. In XML and MessagePack the " +
		"tag has the format behind it, `-xml` or `-msgpack`: what is kept of one is not shown as another. To a condition on a " +
		"write they all say the same. A page that is closed, whose messages never change, has a weak one: `floor` and `head` " +
		"stand in it as they were.",
	"Who asks, says so by `Authorization: Bearer <token>`, or `Bearer <id>.<secret>` of a key; in dev mode nobody needs to. What a " +
		"token or key does not allow is `forbidden`.",
	"A path that is not canonical (a slash too many, an escape that nobody needs) is answered 301 or 308 with the one " +
		"that is; another that no route has, `not_found`; a method that none of its routes has, `method_not_allowed`. " +
		"A query that says what the path does not know, or something twice, is `bad_request`, and so is a write on a condition " +
		"(`If-Match`, `If-None-Match`, `If-Lock`) that its path does not know.",
	"What is refused is answered with problem details (RFC 9457): `detail` says what was wrong and what to do about it, " +
		"and `code`, from one table for every door, is what a program looks at.",
	"What a key or token may do is the union of its capabilities. A request that needs another right is `forbidden`, and `detail` " +
		"says which operation on what is missing; it is asked before what the request is about, and after whether the request was " +
		"done before (`Idempotency-Key`).",
	"Where the application has a contract for the data of messages, records and calls, it stands under `x-contract`, by " +
		"patterns of names; what violates it is `contract_violated`, with the `path` to what is wrong.",
];

/** What is answered before any operation: the text above says when. */
const elsewhere: Members = {
	canonical: { description: "The canonical path.", ...headerObjects(["Location"], []) },
	options: {
		description: "What a browser asks for before it sends, and what the path takes.",
		...headerObjects([], ["Allow", "Accept-Patch"]),
	},
};
const outsideOperations: readonly ErrorCode[] = ["not_found", "method_not_allowed", "forbidden", "not_configured"];

/** The operation of each route that has one, by its method and the pattern of its path. */
export function describedRoutes(
	routes: readonly DescribedRoute[],
): readonly (DescribedRoute & { operation: Operation })[] {
	return routes.flatMap((route) => {
		const operation = operationOf(route.handler);
		return operation ? [{ ...route, operation }] : [];
	});
}

/**
 * The OpenAPI 3.1 document of these routes. A route without a description is left out. What a contract says stands under
 * `x-contract`, because which schema counts depends on the names in a path, and OpenAPI has no word for that.
 */
export function openApiDocument(routes: readonly DescribedRoute[], contract: Contract = {}): Members {
	const described = describedRoutes(routes);
	const paths: { [path: string]: { [method: string]: Json } } = {};
	for (const { method, path, operation } of described) {
		const template = templateOf(path);
		paths[template] = { ...paths[template], [method.toLowerCase()]: operationObject(template, operation) };
	}
	const used = new Set(described.map(({ operation }) => operation.tag));
	return {
		openapi: "3.1.1",
		info: {
			title: "Aerogram",
			summary: "The realtime exchange you own: ordered, durable, resumable.",
			description: about.join("\n\n"),
			license: { name: "MIT", identifier: "MIT" },
			// The version of the paths and of the socket's subprotocol, not of the package: it changes when clients must.
			version: "1",
		},
		servers: [{ url: "/" }],
		tags: Object.entries(tags).flatMap(([name, description]) => (used.has(name as Tag) ? [{ name, description }] : [])),
		paths,
		// The whole table, for whoever shows or handles errors: problem details have one of these codes.
		"x-errors": Object.fromEntries(errorCodes.map((code) => [code, { ...errorRow(code) }])),
		...(Object.keys(contract).length > 0 && { "x-contract": describeContract(contract) }),
		components: {
			securitySchemes: {
				bearer: {
					type: "http",
					scheme: "bearer",
					description: "A token, or a key as `<id>.<secret>`. In dev mode a request without either is taken, too.",
				},
			},
			schemas,
			parameters: Object.fromEntries(
				Object.entries({ ...pathParameters, ...parameters }).map(([name, one]) => [name, parameterObject(name, one)]),
			),
			responses: {
				...elsewhere,
				...problemResponses([
					...outsideOperations.map((code) => ({ codes: [code] })),
					...described.flatMap(({ path, operation }) => codesOf(templateOf(path), operation)),
				]),
			},
		},
	};
}

/** `/v1/spaces/{space}` of Hono's `/v1/spaces/:space`. */
export function templateOf(pattern: string): string {
	return pattern.replace(/:([A-Za-z]+)(?:\{[^}]*\})?/g, "{$1}");
}

function operationObject(template: string, operation: Operation): Json {
	const { id, tag, summary, description, body } = operation;
	const answers = Object.entries(operation.answers).map(([status, answer]) => [status, answerObject(answer)]);
	const problems = codesOf(template, operation).map(({ status, codes }) => [`${status}`, problemResponse(codes)]);
	return {
		operationId: id,
		tags: [tag],
		summary,
		...(description !== undefined && { description }),
		parameters: describeParameters(template, operation),
		...(body && { requestBody: bodyObject(body) }),
		...(template.startsWith("/v1/") && { security: [{ bearer: [] }, {}] }),
		responses: Object.fromEntries([...answers, ...problems]) as Members,
	};
}

function bodyObject({ schema, formats: which = "all", types = [], example }: RequestBody): Json {
	const media = { ...mediaOf(schema), ...(example !== undefined && { example }) };
	// An example is shown once, as JSON: every reader converts it.
	const others = [...formats[which].slice(1), ...types].map((type) => [type, mediaOf(schema)]);
	return { required: true, content: { [formats[which][0]]: media, ...Object.fromEntries(others) } };
}

function answerObject(answer: Answer): Json {
	const { schema, media = [], events } = answer;
	const types: [string, Json][] = schema ? formats[answer.formats ?? "all"].map((type) => [type, mediaOf(schema)]) : [];
	for (const type of media) types.push([type, { schema: { type: "string" } }]);
	// OpenAPI 3.1 has no word for what stands in the events of a stream.
	if (events) types.push(["text/event-stream", { schema: { type: "string" }, "x-events": eventSchemas(events) }]);
	return {
		description: answer.description,
		...headerObjects(answer.headers ?? [], answer.sometimes ?? []),
		...(types.length > 0 && { content: Object.fromEntries(types) }),
	};
}

function eventSchemas(events: { readonly [event: string]: SchemaName }): Json {
	return Object.fromEntries(Object.entries(events).map(([event, name]) => [event, schemaRef(name)]));
}

function mediaOf(name: SchemaName): { schema: Json } {
	return { schema: schemaRef(name) };
}

function schemaRef(name: SchemaName): Json {
	return { $ref: `#/components/schemas/${name}` };
}
