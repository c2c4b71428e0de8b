import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { getJson } from "../helpers/http.ts";
import { residentMemory } from "../helpers/processes.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

/** Refused inputs that are measured. */
const inputs = 100_000;
/**
 * Requests that are refused before: a server that only answers `/health` grows as much by them, because the runtime takes
 * the memory that its garbage may lie in. From then on it is flat.
 */
const warmUp = 25_000;
const mostGrowth = 20;

let server: TestServer;

beforeAll(async () => {
	server = await startServer();
});
afterAll(() => server.stop());

/** Ten kilobytes that would be ten megabytes. */
const bomb = gzipSync(Buffer.alloc(10 * 1_024 * 1_024, 32), { level: 9 });

/** Bodies of a publish, each with its headers, and the status that refuses it. */
const bodies: readonly (readonly [status: number, body: Buffer, headers: string])[] = [
	[400, Buffer.from('{"data":'), ""],
	[400, Buffer.from(`{"data":${"[".repeat(10_000)}`), ""],
	[422, Buffer.from('{"data":1e400}'), ""],
	[400, Buffer.from("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), "content-type: application/xml\r\n"],
	[400, Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), "content-type: application/msgpack\r\n"],
	[415, bomb, "content-encoding: gzip\r\n"],
	[413, Buffer.from(JSON.stringify({ data: "x".repeat(limits.messageBytes) })), ""],
];

/** Sends requests on one connection, a few at a time before their answers; resolves to how many had the status that they should. */
async function refuseOverHttp(count: number): Promise<number> {
	const { hostname, port } = new URL(server.url);
	const socket = connect({ host: hostname, port: Number(port), noDelay: true });
	await once(socket, "connect");
	let [refused, text] = [0, ""];
	for (let sent = 0; sent < count; sent += bodies.length) {
		for (const [, body, headers] of bodies) {
			const type = headers.includes("content-type") ? "" : "content-type: application/json\r\n";
			const head = `POST /v1/spaces/refused/channels/a/messages HTTP/1.1\r\nhost: localhost\r\n${type}${headers}`;
			socket.write(`${head}content-length: ${body.length}\r\n\r\n`);
			socket.write(body);
		}
		const statuses = () => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
		while (statuses().length < bodies.length) {
			const [piece] = (await once(socket, "data")) as [Buffer];
			text += piece.toString("latin1");
		}
		refused += statuses().filter((status, index) => status === bodies[index]?.[0]).length;
		text = "";
	}
	socket.destroy();
	return refused;
}

/** Frames that are refused, whole or each of their envelopes. */
const frames: readonly string[] = [
	"{",
	"[".repeat(20_000),
	'{"t":"pub","ref":1,"ch":"a/b","data":1}',
	'{"t":"sub","ref":1,"ch":"a","at":{"epoch":"x","seq":-1}}',
	`{"t":"pub","ref":1,"ch":"${"n".repeat(10_000)}","data":1}`,
	`{"t":"pub","ref":1,"ch":"a","data":"${"x".repeat(70_000)}"}`,
	'{"t":"constructor","ref":1,"__proto__":{"ch":"a"}}',
	'{"t":"watch","ref":1,"col":"a","id":"b","prefix":"c"}',
];

/** Sends frames on one socket, fifty before their answers; resolves to how many were refused. */
async function refuseOnSocket(count: number): Promise<number> {
	const socket = new WebSocket(`${server.socketUrl}/v1/spaces/refused/socket`, "aerogram.v1");
	let refused = 0;
	const { promise, resolve } = Promise.withResolvers<void>();
	let sent = 0;
	const fill = () => {
		for (; sent < count && sent - refused < 50; sent++) socket.send(frames[sent % frames.length] ?? "");
	};
	socket.addEventListener("message", ({ data }) => {
		refused += String(data).split('"t":"err"').length - 1;
		fill();
		if (refused >= count) resolve();
	});
	await promise;
	socket.close();
	return refused;
}

/** Sends values on raw TCP, as many faulty ones a connection as it bears; resolves to how many were refused. */
async function refuseOverTcp(count: number): Promise<number> {
	let refused = 0;
	while (refused < count) {
		const socket = connect({ ...server.tcp, noDelay: true });
		let text = "";
		socket.on("data", (piece: Buffer) => {
			text += piece.toString();
		});
		socket.write('{"name":1}\n'.repeat(limits.tcpFaults));
		await once(socket, "end");
		socket.destroy();
		refused += text.split('"status":"error"').length - 1;
	}
	return refused;
}

async function refuse(count: number): Promise<number> {
	const [http, tcp] = [count / 10, count / 10];
	const counts = await Promise.all([refuseOverHttp(http), refuseOverTcp(tcp), refuseOnSocket(count - http - tcp)]);
	return counts.reduce((sum, each) => sum + each, 0);
}

test.skipIf(process.platform !== "linux")(
	`${inputs.toLocaleString("en-US")} inputs that are refused leave nothing behind: the server is not ${mostGrowth} MiB larger after them`,
	{ timeout: 600_000 },
	async () => {
		await refuseOverHttp(warmUp);
		await refuse(inputs / 10);
		const before = residentMemory(server.pid);
		const started = performance.now();
		const refused = await refuse(inputs);
		const took = (performance.now() - started) / 1_000;
		let after = residentMemory(server.pid);
		// What is garbage by then may be kept for a while: nothing more is sent.
		for (let look = 0; look < 50 && after - before > mostGrowth; look++) {
			await sleep(100);
			after = residentMemory(server.pid);
		}
		console.log(
			`${refused} refused, ${took.toFixed(1)} s; ${before.toFixed(0)} MiB, then ${after.toFixed(0)} MiB of the runtime`,
		);
		expect(refused).toBeGreaterThanOrEqual(inputs);
		expect(after - before).toBeLessThanOrEqual(mostGrowth);
		expect(await getJson(`${server.url}/health`)).toEqual({ status: "ok", mode: "dev" });
		expect(server.log()).not.toContain("refused");
	},
);
