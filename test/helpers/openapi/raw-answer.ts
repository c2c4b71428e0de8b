import { sharedInspector } from "./inspector.ts";
import { isServer } from "./servers.ts";

/** An answer as a test that speaks HTTP itself got it. */
export interface RawAnswer {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly body: string;
}

/** Compares an answer that did not come by fetch with the contract, where it is one of a server of ours. */
export function checkAnswer(method: string, url: URL, answer: RawAnswer): void {
	if (isServer(url)) check(method, url.pathname + url.search, answer);
}

function check(method: string, target: string, { status, headers, body }: RawAnswer): void {
	// The runtime refuses some requests itself, which then reach no code of ours: no answer of ours goes without this header.
	if (status >= 400 && headers["x-content-type-options"] === undefined) return;
	const entries = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
		value === undefined ? [] : [[name, `${value}`]],
	);
	sharedInspector()?.check({ method, target, status, headers: new Headers(entries) }, new TextEncoder().encode(body));
}

/** The same for text that was written to a connection and what came back on it, if it was one request and its answer. */
export function checkConversation(port: number, sent: string, received: string): void {
	const request = /^([A-Z]+) (\S+) HTTP\/1\.1\r\n/.exec(sent);
	const answer = /^HTTP\/1\.1 (\d{3})[^\r]*\r\n(.*?)\r\n\r\n(.*)$/s.exec(received);
	if (!request || !answer || !isServer(new URL(`http://127.0.0.1:${port}`))) return;
	const lines = (answer[2] ?? "").split("\r\n").map((line) => line.split(/: ?(.*)/s, 2));
	const headers = Object.fromEntries(lines.map(([name = "", value = ""]) => [name.toLowerCase(), value]));
	const whole = answer[3] ?? "";
	const body = headers["transfer-encoding"] === "chunked" ? unchunked(whole) : whole;
	// A request line may name the host, too (RFC 9112, section 3.2.2).
	const target = (request[2] ?? "").replace(/^http:\/\/[^/]*/, "");
	check(request[1] ?? "", target, { status: Number(answer[1]), headers, body });
}

function unchunked(text: string): string {
	const bytes = Buffer.from(text);
	const parts: Buffer[] = [];
	for (let at = 0; at < bytes.length; ) {
		const end = bytes.indexOf("\r\n", at);
		const size = Number.parseInt(bytes.toString("latin1", at, end), 16);
		if (!(size > 0)) break;
		parts.push(bytes.subarray(end + 2, end + 2 + size));
		at = end + size + 4;
	}
	return Buffer.concat(parts).toString();
}
