import { upgradeHeaders } from "./knock.ts";
import { connectTcp, type TcpClient } from "./tcp-client.ts";

/** The first byte of a WebSocket frame that is whole: its opcode, and the bit that says it is the last (RFC 6455, 5.2). */
export const opcodes = { text: 0x81, binary: 0x82, close: 0x88, unknown: 0x83 } as const;

/** Opens a WebSocket by hand, so that a test may break its rules; resolves after the welcome. */
export async function upgradeByHand(server: { readonly url: string }, path: string): Promise<TcpClient> {
	const { hostname: host, port } = new URL(server.url);
	const client = await connectTcp({ host, port: Number(port) });
	const headers = Object.entries(upgradeHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
	await client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers.join("")}\r\n`);
	// The welcome comes with the upgrade or after it.
	let answer = "";
	while (!/"features":\[.*\]\}$/.test(answer)) {
		const piece = (await client.read()).toString("latin1");
		answer += piece;
		if (piece === "" || !answer.startsWith("HTTP/1.1 101 ")) throw new Error(`not upgraded: ${answer}`);
	}
	return client;
}

/** A client's frame. Its mask is zeros, which is a mask like any other. */
export function frame(first: number, payload: string | Uint8Array): Buffer {
	const bytes = Buffer.from(payload);
	const header = Buffer.alloc(bytes.length < 126 ? 2 : bytes.length < 65_536 ? 4 : 10);
	header[0] = first;
	if (header.length === 2) header[1] = 0x80 | bytes.length;
	else if (header.length === 4) header.writeUInt16BE(bytes.length, 2);
	else header.writeBigUInt64BE(BigInt(bytes.length), 2);
	if (header.length > 2) header[1] = header.length === 4 ? 0xfe : 0xff;
	return Buffer.concat([header, Buffer.alloc(4), bytes]);
}
