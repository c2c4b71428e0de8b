import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect as connectPlain, createServer, type Server, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeAuthority, makeServerCertificate } from "../../cli/https/certificate.ts";
import { type Door, openDoor } from "../../cli/https/door.ts";
import { waitUntil } from "../helpers/processes.ts";

const circumstances = { now: Date.now(), randomBytes };
const authority = makeAuthority(circumstances);
const certified = makeServerCertificate(authority, "127.0.0.1", circumstances);

let behind: Server;
let door: Door;
/** What the next connection behind the door does. */
let serve: (socket: Socket) => void;

beforeAll(async () => {
	// A side that is gone resets the other; what a test expects of that, it looks at itself.
	behind = createServer({ allowHalfOpen: true }, (socket) => serve(socket.on("error", () => {})));
	behind.listen(0, "127.0.0.1");
	await once(behind, "listening");
	const target = (behind.address() as AddressInfo).port;
	door = await openDoor({ certified, addresses: ["127.0.0.1", "::1"], port: 0, target });
});
afterAll(async () => {
	await door.close();
	behind.close();
});

/** All that comes until the other side ends. Leaves the stream as it is, so that its other half goes on. */
async function hear(socket: Socket): Promise<string> {
	let heard = "";
	socket.setEncoding("utf8").on("data", (text: string) => {
		heard += text;
	});
	await once(socket, "end");
	return heard;
}

async function connectTls(host = "127.0.0.1"): Promise<TLSSocket> {
	const options = { host, port: door.port, ca: authority.certificate, servername: "localhost", allowHalfOpen: true };
	const socket = connect(options);
	await once(socket, "secureConnect");
	socket.on("error", () => {});
	return socket;
}

describe("where TLS ends", () => {
	test.each(["127.0.0.1", "::1"])(
		"bytes pass both ways on %s, and a half-closed client is answered in full",
		async (host) => {
			serve = (socket) => void hear(socket).then((asked) => socket.end(`you said ${asked}`));
			const client = await connectTls(host);
			client.end("hello 你好");
			expect(await hear(client)).toBe("you said hello 你好");
		},
	);

	test("an end of the server leaves the client's half open", async () => {
		const heard = Promise.withResolvers<string>();
		serve = (socket) => {
			socket.end("that is all");
			void hear(socket).then(heard.resolve);
		};
		const client = await connectTls();
		expect(await hear(client)).toBe("that is all");
		client.end("one more thing");
		expect(await heard.promise).toBe("one more thing");
	});

	test("megabytes arrive as they were sent, though the client reads in pieces", async () => {
		const sent = randomBytes(8_000_000);
		serve = (socket) => socket.end(sent);
		const client = await connectTls();
		const pieces: Buffer[] = [];
		for await (const piece of client) pieces.push(piece as Buffer);
		expect(Buffer.concat(pieces).equals(sent)).toBe(true);
	});

	test("a client that reads nothing is not read ahead for", async () => {
		let accepted = 0;
		let full = false;
		serve = (socket) => {
			const fill = () => {
				while (!full && accepted < 512_000_000) {
					full = !socket.write(Buffer.alloc(65_536));
					accepted += 65_536;
				}
			};
			socket.on("drain", () => {
				full = false;
				fill();
			});
			fill();
		};
		const client = await connectTls();
		client.pause();
		let before = -1;
		// Still for a while: all buffers in between are full.
		await waitUntil("the server has to wait", async () => {
			const still = before === accepted && full;
			before = accepted;
			await new Promise((resolve) => setTimeout(resolve, 100));
			return still;
		});
		expect(accepted).toBeLessThan(64_000_000);
		client.destroy();
	});

	test("a client that vanishes is gone behind the door, too", async () => {
		const gone = Promise.withResolvers<void>();
		serve = (socket) => {
			socket.on("close", () => gone.resolve());
			const ticks = setInterval(() => socket.write("tick"), 5);
			socket.on("close", () => clearInterval(ticks));
		};
		const client = await connectTls();
		await once(client, "data");
		client.destroy();
		await gone.promise;
	});

	test("a server that vanishes is gone for the client, too", async () => {
		serve = (socket) => socket.once("data", () => socket.resetAndDestroy());
		const client = await connectTls();
		client.write("anybody there?");
		client.resume();
		await once(client, "end");
		client.destroy();
	});

	test("whoever opens a connection and says nothing leaves nothing behind", async () => {
		const silent = connectPlain({ host: "127.0.0.1", port: door.port, allowHalfOpen: true });
		silent.end();
		silent.resume();
		await once(silent, "close");
	});
});

describe("the addresses of a door", () => {
	const target = 9;

	test("are left out where this machine does not have them", async () => {
		// 192.0.2.1 is an address of no machine (RFC 5737).
		const other = await openDoor({ certified, addresses: ["127.0.0.1", "192.0.2.1"], port: 0, target });
		expect(other.port).toBeGreaterThan(0);
		await other.close();
	});

	test("must all have the port free that was asked for", async () => {
		const taken = openDoor({ certified, addresses: ["::1"], port: door.port, target });
		await expect(taken).rejects.toMatchObject({ code: "EADDRINUSE" });
	});

	test("share any port that is free on all of them", async () => {
		const doors = await Promise.all(
			Array.from({ length: 10 }, () => openDoor({ certified, addresses: ["127.0.0.1", "::1"], port: 0, target })),
		);
		expect(new Set(doors.map(({ port }) => port)).size).toBe(10);
		await Promise.all(doors.map((each) => each.close()));
	});
});
