import { type AddressInfo, connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { until } from "../helpers/until.ts";
import { Line } from "./line.ts";

/** A server that answers `/answered` alone, and notes how each connection ended, by what it was asked last. */
async function listen() {
	const asked: string[] = [];
	const ends: Record<string, string> = {};
	const server = createServer((socket) => {
		let [path, end] = ["", "closed"];
		socket.on("data", (chunk) => {
			path = String(chunk).split(" ")[1] ?? "";
			asked.push(path);
			if (path === "/answered") socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
		});
		socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
			end = code;
		});
		socket.on("close", () => {
			ends[path] = end;
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return { server, asked, ends, port: (server.address() as AddressInfo).port };
}

test("a cut resets every connection, but closes those whose handshake has no answer", async () => {
	const { server, asked, ends, port } = await listen();
	const line = await Line.to(port);
	try {
		new WebSocket(`${line.url}/socket`).addEventListener("error", () => {});
		for (const rest of [
			"/again HTTP/1.1\r\nhost: x\r\nUpgrade: websocket\r\n\r\n",
			"/request HTTP/1.1\r\nhost: x\r\n\r\n",
		]) {
			const client = connect(Number(new URL(line.url).port), "127.0.0.1").on("error", () => {});
			client.write("GET /answered HTTP/1.1\r\nhost: x\r\n\r\n");
			await new Promise((resolve) => client.once("data", resolve));
			client.write(`GET ${rest}`);
		}
		await until(() => asked.length === 5, "what is asked");
		line.cut();
		await until(() => Object.keys(ends).length === 3, "the ends of all connections");
		expect(ends).toEqual({ "/socket": "closed", "/again": "closed", "/request": "ECONNRESET" });
	} finally {
		await line.close();
		server.close();
	}
});
