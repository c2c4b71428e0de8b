import { errorCodes, errorRow, type Retry } from "../../protocol/errors.ts";
import type { OpenApi, OpenApiOperation } from "../openapi.ts";
import { generatedFrom, table } from "./markdown.ts";

const introduction = `# Errors

One table for every door. A code looks alike in each:

| door | where the code stands |
| --- | --- |
| HTTP | \`code\` of the problem details (RFC 9457), which come as JSON, XML or MessagePack, with the status of the code |
| WebSocket, and frames over HTTP | \`err\`, with the \`ref\` of what was refused; \`bye\`, and the close code, where it ends the connection |
| raw TCP | \`{"status":"error","code":"…","message":"…"}\`, in the format of what was refused |
| SDK | \`AerogramError.code\`; \`isAerogramError(error)\` tells one from other errors |

\`title\` is the same for every occurrence of a code. \`detail\` (\`message\` elsewhere) says what was wrong this time and what to do
about it: show it to whoever wrote the program, and look at \`code\` in the program. A newer server
may have codes that are not here: go by the status then, or by the range of the close code.`;

const retries: Readonly<Record<Retry, readonly [word: string, meaning: string]>> = {
	no: ["no", "The same request would be refused again. Change it first."],
	now: ["now", "The same request may be sent again at once: only its moment was wrong."],
	backoff: [
		"after a while",
		"The same request may be sent again after a delay that grows: by `Retry-After` where it is given. One that changes " +
			"something needs an `Idempotency-Key`, so that it is not done twice.",
	],
};

const closeRanges = [
	["4000 to 4099", "Do not come back: the same connection would be refused again."],
	["4100 to 4199", "Come back after a back-off."],
	["4200 to 4299", "Come back at once, spread: many were met alike."],
] as const;

/** `docs/reference/errors.md`. */
export function errorsPage(openApi: OpenApi): string {
	const rows = errorCodes.map((code) => {
		const { status, close, retry, title } = errorRow(code);
		return [
			`<a id="${code}"></a>\`${code}\``,
			`${status}`,
			close === undefined ? "" : `${close}`,
			retries[retry][0],
			title,
		];
	});
	const sections = [
		`## Codes\n\n${table(["code", "status", "close", "again?", "title"], rows)}`,
		`## May it be sent again?\n\n${table(["again?", ""], Object.values(retries))}`,
		`## Close codes\n\nThe last word of a socket that the server ends is \`bye\` with a code; the close code says the same, by its range:\n\n${table(["close", "what a client does"], closeRanges)}\n\nAny other code is the network's or the runtime's: come back. [The protocol](protocol.md#8-staying-connected) has each case.`,
		`## Where each is answered over HTTP\n\n${table(["code", "operations"], occurrences(openApi))}`,
	];
	return `${[generatedFrom("protocol/errors.ts and /openapi.json"), introduction, ...sections].join("\n\n")}\n`;
}

/** More operations than this are counted, not listed. */
const listed = 6;

/** Which operations may answer each code. */
function occurrences(openApi: OpenApi): string[][] {
	const operations = Object.values(openApi.paths).flatMap((item) => Object.values(item));
	return errorCodes.flatMap((code) => {
		const found = operations.filter((operation) => codesOf(operation).includes(code));
		const links = found.map(({ summary }) => `[${summary}](http.md#${anchor(summary)})`);
		const bodies = operations.filter(({ requestBody }) => requestBody !== undefined);
		if (links.length === 0) return [];
		if (links.length === operations.length) return [[`\`${code}\``, "every operation"]];
		if (bodies.every((one) => found.includes(one)) && found.length === bodies.length) {
			return [[`\`${code}\``, "every operation that takes a body"]];
		}
		return [
			[`\`${code}\``, links.length > listed ? `${links.length} of ${operations.length} operations` : links.join(", ")],
		];
	});
}

/** The codes that an operation is documented to be refused with. */
export function codesOf({ responses }: OpenApiOperation): readonly string[] {
	return Object.values(responses).flatMap((response) =>
		"$ref" in response ? response.$ref.replace(/.*\//, "").split(".") : [],
	);
}

/** The name that a heading can be linked by, as GitHub makes it. */
export function anchor(heading: string): string {
	return heading
		.toLowerCase()
		.replaceAll(/[^\p{L}\d _-]/gu, "")
		.replaceAll(" ", "-");
}
