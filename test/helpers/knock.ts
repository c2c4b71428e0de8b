import { request } from "node:http";
import { text } from "node:stream/consumers";
import { checkAnswer } from "./openapi/raw-answer.ts";

/** What a door said. */
export interface Knock {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	/** Empty after an upgrade: the socket is closed at once. */
	readonly body: string;
}

/** A request with headers that `fetch` does not let a program choose, such as Host. Text beyond ASCII goes as UTF-8. */
export function knock(
	url: string,
	headers: Readonly<Record<string, string>>,
	{ method = "GET", body }: { readonly method?: string; readonly body?: string } = {},
): Promise<Knock> {
	const raw = Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString("latin1")]);
	return new Promise((resolve, reject) => {
		const finish = (answer: Knock) => {
			checkAnswer(method, new URL(url), answer);
			resolve(answer);
		};
		const sent = request(url, { method, headers: Object.fromEntries(raw), agent: false });
		sent.once("error", reject);
		sent.once("response", (response) => {
			const { statusCode: status = 0, headers } = response;
			text(response).then((body) => finish({ status, headers, body }), reject);
		});
		sent.once("upgrade", ({ statusCode: status = 0, headers }, socket) => {
			socket.destroy();
			finish({ status, headers, body: "" });
		});
		sent.end(body);
	});
}

/** The headers that ask for a WebSocket. The key is the one of RFC 6455, section 1.3. */
export const upgradeHeaders = {
	connection: "Upgrade",
	upgrade: "websocket",
	"sec-websocket-version": "13",
	"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};
