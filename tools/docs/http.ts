import { errorCodes } from "../../protocol/errors.ts";
import type { OpenApi, OpenApiOperation, OpenApiParameter, OpenApiRef, OpenApiResponse } from "../openapi.ts";
import { anchor, codesOf } from "./errors.ts";
import { generatedFrom, table } from "./markdown.ts";
import { contentText, limitsText, nameOf, schemaText, typeText } from "./schemas.ts";

const introduction = `# HTTP

Every operation, as the server's own \`/openapi.json\` describes it; \`/docs\` on a running server shows the same with curl lines
to copy and forms to try. Sockets, raw TCP and the mapping of XML are in [the protocol](protocol.md), codes in
[errors.md](errors.md), numbers in [limits.md](limits.md).`;

/** An operation, and what it stands at: `GET /v1/spaces`. */
interface Described {
	readonly route: string;
	readonly operation: OpenApiOperation;
}

type StatusResponse = readonly [status: string, response: OpenApiResponse | OpenApiRef];

/** `docs/reference/http.md`. */
export function httpPage(openApi: OpenApi): string {
	const { paths, tags, info, components } = openApi;
	const all = Object.entries(paths).flatMap(([path, item]) =>
		Object.entries(item).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
	);
	const everywhere = errorCodes.filter((code) => all.every(({ operation }) => codesOf(operation).includes(code)));
	const groups = tags.map(({ name, description }) => {
		const own = all.filter(({ operation }) => operation.tags.includes(name));
		return { title: name.replace(/^./, (letter) => letter.toUpperCase()), description, own };
	});
	const overview = groups.flatMap(({ own }) =>
		own.map(({ route, operation: { summary } }) => [`\`${route}\``, `[${summary}](#${anchor(summary)})`]),
	);
	const parts = [
		generatedFrom("/openapi.json"),
		introduction,
		table(["route", ""], overview),
		info.description,
		"Bodies are JSON, XML or MessagePack, unless something else is said below. Besides what is listed with an operation, " +
			`each may be refused with ${everywhere.map(codeLink).join(", ")}.`,
		...groups.flatMap(({ title, description, own }) => [
			`## ${title}`,
			description,
			...own.flatMap((one) => operationParts(openApi, one, everywhere)),
		]),
		"## Schemas",
		...Object.entries(components.schemas).map(([name, schema]) => schemaText(name, schema)),
	];
	return `${parts.join("\n\n")}\n`;
}

function operationParts(openApi: OpenApi, { route, operation }: Described, everywhere: readonly string[]): string[] {
	const { summary, description = "", requestBody, responses } = operation;
	const parameters = operation.parameters.map((one) => openApi.components.parameters[nameOf(one)]);
	const example = Object.values(requestBody?.content ?? {})[0]?.example;
	const answers: readonly StatusResponse[] = Object.entries(responses);
	const refusals = answers.flatMap((answer) => refusalText(answer, everywhere));
	return [
		`### ${summary}`,
		`\`${route}\``,
		description,
		parameters.length > 0 ? table(["parameter", "in", "type", ""], parameters.map(parameterRow)) : "",
		requestBody ? `Body: ${contentText(requestBody.content)}` : "",
		example === undefined ? "" : `\`\`\`json\n${JSON.stringify(example)}\n\`\`\``,
		table(["answer", "", "body"], answers.flatMap(answerRow)),
		refusals.length > 0 ? `Refused with ${refusals.join(", ")}.` : "",
	].filter((part) => part !== "");
}

function parameterRow(parameter: OpenApiParameter | undefined): string[] {
	if (!parameter) throw new Error("an operation names a parameter that is not there");
	const { name, in: place, required, schema, description } = parameter;
	const limits = limitsText(schema);
	const sentences = [
		description,
		limits && `${limits[0]?.toUpperCase()}${limits.slice(1)}.`,
		required && place !== "path" ? "Required." : "",
	];
	return [`\`${name}\``, place, typeText(schema), sentences.filter((text) => text !== "").join(" ")];
}

function answerRow([status, response]: StatusResponse): string[][] {
	if ("$ref" in response) return [];
	const headers = Object.entries(response.headers ?? {});
	const named = (always: boolean) =>
		headers.flatMap(([name, { required }]) => (required === always ? [`\`${name}\``] : [])).join(", ");
	const sentences = [
		response.description,
		named(true) && `With ${named(true)}.`,
		named(false) && `Sometimes with ${named(false)}.`,
	];
	return [[status, sentences.filter((text) => text !== "").join(" "), contentText(response.content ?? {})]];
}

function refusalText([status, response]: StatusResponse, everywhere: readonly string[]): string[] {
	if (!("$ref" in response)) return [];
	const codes = nameOf(response)
		.split(".")
		.filter((code) => !everywhere.includes(code));
	return codes.length > 0 ? [`${status} ${codes.map(codeLink).join(" ")}`] : [];
}

function codeLink(code: string): string {
	return `[\`${code}\`](errors.md#${code})`;
}
