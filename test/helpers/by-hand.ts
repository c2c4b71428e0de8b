import { connectTcp } from "./tcp-client.ts";

/** An answer as it came over the connection. */
export interface HandAnswer {
	readonly status: number;
	/** Its status line and headers. */
	readonly head: string;
	readonly body: string;
}

/** Sends a request with headers as they stand, which fetch would join, on a connection of its own. */
export async function askByHand(
	server: string,
	method: string,
	path: string,
	lines: readonly string[],
	body = "",
): Promise<HandAnswer> {
	const { hostname: host, port } = new URL(server);
	using client = await connectTcp({ host, port: Number(port) });
	const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
	const own = ["Host: localhost", "Connection: close", ...length, ...lines];
	await client.send(`${method} ${path} HTTP/1.1\r\n${own.join("\r\n")}\r\n\r\n${body}`);
	const [head = "", rest = ""] = (await client.rest()).split("\r\n\r\n");
	return { status: Number(head.split(" ")[1]), head, body: rest };
}
