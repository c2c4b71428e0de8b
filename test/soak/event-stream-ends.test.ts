import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildEdited } from "../helpers/edited-build.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { postJson, publishAll } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

const accept = "text/event-stream";

/** A connection of its own, on which a test reads, or does not. */
class Line {
	readonly socket: Socket;
	received = "";
	ended = false;

	constructor(url: string, request: string) {
		this.socket = createConnection({ host: "127.0.0.1", port: Number(new URL(url).port) });
		this.socket.setEncoding("latin1").on("data", (text: string) => {
			this.received += text;
		});
		this.socket.on("end", () => {
			this.ended = true;
		});
		this.socket.on("error", () => {});
		this.socket.write(request);
	}
}

function ask(server: LocalServer, path: string): Line {
	return new Line(
		server.url,
		`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`,
	);
}

async function socketsOf(server: LocalServer, space: string): Promise<number> {
	const response = await fetch(`${server.url}/v1/spaces/${space}`);
	return ((await response.json()) as { readonly sockets: number }).sockets;
}

const ways = [
	["messages", (space: string) => `/v1/spaces/${space}/channels/chat/messages`],
	["events", (space: string) => `/v1/spaces/${space}/events?channel=chat&channel=other`],
	["frames", (space: string) => `/v1/spaces/${space}/socket?client=reader`],
] as const;

describe("an event stream frees its socket", () => {
	let server: LocalServer;

	beforeAll(async () => {
		server = await serveHere({ env: { AEROGRAM_DURATION_SCALE: "0.02" } });
	});
	afterAll(() => server.stop());

	test.each(ways)("of %s: at once when its connection is reset", async (kind, pathOf) => {
		const space = `reset-${kind}`;
		const line = ask(server, pathOf(space));
		await until(async () => (await socketsOf(server, space)) === 1, "the stream");
		line.socket.resetAndDestroy();
		await until(async () => (await socketsOf(server, space)) === 0, "the end of its socket", 1_000);
	});

	// A connection that says nothing more may be one that only reads: the next comment finds out.
	test.each(ways)("of %s: by the comment after its reader has closed", async (kind, pathOf) => {
		const space = `closed-${kind}`;
		const line = ask(server, pathOf(space));
		await until(async () => (await socketsOf(server, space)) === 1, "the stream");
		line.socket.destroy();
		await until(async () => (await socketsOf(server, space)) === 0, "the end of its socket", 5_000);
	});

	test("and one that has sent all it has to say, and reads on, stays", async () => {
		const { socket, ...line } = ask(server, ways[0][1]("half"));
		socket.end();
		await until(async () => (await socketsOf(server, "half")) === 1, "the stream");
		await publishAll(`${server.url}${ways[0][1]("half")}`, [1]);
		await once(socket, "data");
		expect(line.ended).toBe(false);
		socket.destroy();
	});
});

describe("an event stream ends", () => {
	test.each([
		["its longest time", "streamMost: 3_600_000,", "streamMost: 700,"],
		["as much work as a request may be", "workMost: 1_000_000_000,", "workMost: 25_000,"],
	])("after %s, whole; who comes back with its last id goes on there", async (_, find, replace) => {
		const file = "protocol/limits.ts";
		await using server = await serveHere({ bundle: await buildEdited([{ file, find, replace }]) });
		const url = `${server.url}${ways[0][1]("brief")}`;
		const seen: string[] = [];
		let lastId = "";
		for (let streams = 0; streams < 3; streams++) {
			const headers = { accept, ...(lastId !== "" && { "last-event-id": lastId }) };
			const reader = new EventReader((await fetch(url, { headers })).body);
			await until(() => reader.lastId !== "", "the first id");
			await publishAll(url, [streams]);
			await reader.until(() => reader.ended !== undefined, "the end of the stream");
			expect(reader.ended).toBe("closed");
			expect(reader.retry).toBeGreaterThan(0);
			seen.push(...reader.events.map(({ id }) => id.split(":")[1] ?? ""));
			lastId = reader.lastId;
			// What comes between two streams comes with the next.
			await publishAll(url, ["between"]);
		}
		expect(seen).toEqual(Array.from(seen, (_, index) => `${index + 1}`));
		// Each stream brought at least what was there when it opened.
		expect(seen.length).toBeGreaterThanOrEqual(4);
	});

	test.each(ways.slice(0, 2))(
		"of %s: for a reader that has not read for too long, after what was on its way; it comes back and misses nothing",
		async (kind, pathOf) => {
			// Half a minute takes 600 ms.
			await using server = await serveHere({ env: { AEROGRAM_DURATION_SCALE: "0.02" } });
			const space = `slow-${kind}`;
			const channel = `${server.url}/v1/spaces/${space}/channels/chat/messages`;
			const line = ask(server, pathOf(space));
			line.socket.pause();
			await until(async () => (await socketsOf(server, space)) === 1, "the stream");
			let sent = 0;
			// Until nothing more fits into its connection and its window, and then some, for as long as it takes.
			await until(
				async () => {
					expect((await postJson(channel, Array(8).fill({ data: "x".repeat(60_000) }))).status).toBe(201);
					sent += 8;
					return (await socketsOf(server, space)) === 0;
				},
				"the end of its socket",
				30_000,
			);
			line.socket.resume();
			await until(() => line.ended, "the end of the response");
			const ids = [...line.received.matchAll(/^id: (.+)$/gm)].map(([, id = ""]) => id);
			expect(ids.length).toBeLessThan(sent);
			const headers = { accept, "last-event-id": ids.at(-1) ?? "" };
			const reader = new EventReader((await fetch(`${server.url}${pathOf(space)}`, { headers })).body);
			const rest = await reader.take(sent - ids.length + 1);
			const seqs = [...ids.slice(1), ...rest.map(({ id }) => id)].map((id) => Number(/(\d+)(?:,.*)?$/.exec(id)?.[1]));
			expect(seqs).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
			await reader.cancel();
		},
	);
});
