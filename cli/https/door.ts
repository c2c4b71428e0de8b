import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { reachableAddress } from "../address.ts";
import { isMissingAddress } from "../ports.ts";
import type { Certified } from "./certificate.ts";

/** Where TLS ends. */
export interface Door {
	/** The port it listens on, the same on every address. */
	readonly port: number;
	/** Cuts every connection and listens no more. */
	close(): Promise<void>;
}

/** What stands in front of what. */
export interface DoorOptions {
	readonly certified: Certified;
	/** The addresses to listen on. One that this machine does not have is left out, unless it is the first. */
	readonly addresses: readonly string[];
	/** 0 = any port that is free on all of them. */
	readonly port: number;
	/** The port on 127.0.0.1 that takes what comes, without TLS. */
	readonly target: number;
}

/** The first byte of a TLS connection: a record of type handshake (RFC 8446 section 5.1). */
const handshake = 0x16;

/** How many ports are tried until one is free on every address. */
const attempts = 20;

/**
 * Ends TLS in front of a plain port of this machine. Bytes pass both ways as they come, so that WebSocket, event streams
 * and whatever HTTP can do stay what they are; who reads slowly is waited for, and an end on one side is told to the
 * other. Who speaks plain HTTP here is told to say https.
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
	const { certified, target } = options;
	const open = new Set<Socket>();
	const track = <Kind extends Socket>(socket: Kind): Kind => {
		open.add(socket);
		socket.on("close", () => open.delete(socket));
		return socket;
	};
	const tls = createTlsServer({ cert: certified.certificate, key: certified.key, allowHalfOpen: true }, (socket) =>
		join(track(socket), track(connect({ host: "127.0.0.1", port: target, allowHalfOpen: true, noDelay: true }))),
	);
	// A client that does not trust the certificate says so and leaves; the listener is all the server needs.
	tls.on("tlsClientError", () => {});

	const welcome = (socket: Socket) => {
		track(socket).on("error", () => socket.destroy());
		socket.setNoDelay(true);
		const leave = () => socket.end();
		socket.once("end", leave);
		socket.once("data", (first: Buffer) => {
			socket.off("end", leave);
			socket.pause();
			if (first[0] !== handshake) return refusePlain(socket);
			socket.unshift(first);
			tls.emit("connection", socket);
		});
	};
	const servers = await listenOnAll(options, () => createServer({ allowHalfOpen: true }, welcome));
	return {
		port: portOf(servers[0]),
		async close() {
			const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
			for (const socket of open) socket.destroy();
			await Promise.all(closed);
		},
	};
}

/** Each end of one side becomes the end of the other; when one is gone, so is the other. */
function join(client: TLSSocket, upstream: Socket): void {
	client.pipe(upstream);
	upstream.pipe(client);
	client.on("close", () => upstream.destroySoon());
	upstream.on("close", () => client.destroySoon());
	// Told as what it is: an end alone, after which answers may still go out, the runtime has heard of already.
	client.on("error", () => upstream.resetAndDestroy());
	upstream.on("error", () => client.destroy());
}

async function listenOnAll(options: DoorOptions, make: () => Server): Promise<readonly Server[]> {
	const { addresses, port } = options;
	for (let attempt = 1; ; attempt++) {
		const servers: Server[] = [];
		try {
			for (const address of addresses) {
				const server = make();
				const first = servers[0];
				await listen(server, address, first ? portOf(first) : port).then(
					() => servers.push(server),
					(error: unknown) => {
						if (!first || !isMissingAddress(error)) throw error;
					},
				);
			}
			return servers;
		} catch (error) {
			for (const server of servers) server.close();
			if (port !== 0 || attempt === attempts) throw error;
		}
	}
}

function listen(server: Server, host: string, port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen({ host, port, exclusive: true }, () => {
			server.off("error", reject);
			resolve();
		});
	});
}

function portOf(server: Server | undefined): number {
	const address = server?.address();
	return typeof address === "object" && address !== null ? address.port : 0;
}

/** Answered by hand: who speaks no TLS has no business further in. */
function refusePlain(socket: Socket): void {
	const { localAddress = "127.0.0.1", localPort = 0 } = socket;
	const place =
		localAddress === "127.0.0.1" || localAddress === "::1"
			? `localhost:${localPort}`
			: reachableAddress(localAddress, localPort);
	const line = `This port speaks HTTPS: use https://${place}/\n`;
	const head = [
		"HTTP/1.1 400 Bad Request",
		"Content-Type: text/plain; charset=utf-8",
		`Content-Length: ${Buffer.byteLength(line)}`,
		"Connection: close",
	];
	socket.end(`${head.join("\r\n")}\r\n\r\n${line}`);
	// What is unread when a connection closes resets it, and the line would be lost.
	socket.resume();
}
