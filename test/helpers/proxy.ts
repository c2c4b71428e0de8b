import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { forgetServer, noteServer } from "./openapi/servers.ts";

/** A TCP proxy on loopback that behaves as a network may. */
export interface Proxy {
	readonly url: string;
	/** Connections cut so far. */
	readonly cuts: number;
	/** Chunks of the server that are on their way, and lost if it dies now. */
	readonly inTransit: number;
	/** Resets every connection that is open now. */
	cut(): void;
	/** Swallows whatever comes on the connections that are open now, and tells neither end. */
	swallow(): void;
	close(): Promise<void>;
}

/** How a proxy treats connections. */
export interface ProxyOptions {
	/** How many bytes, both ways together, the next connection may carry before it is reset inside a frame. Default: any. */
	readonly nextBudget?: () => number;
	/** How long what the server sends to the next connection is on its way, in milliseconds; lost when the server dies. Default: 0. */
	readonly nextDelay?: () => number;
}

/** Stands in front of `target`. */
export async function startProxy(target: string, options: ProxyOptions): Promise<Proxy> {
	const { nextBudget = () => Number.POSITIVE_INFINITY, nextDelay = () => 0 } = options;
	const { hostname, port } = new URL(target);
	const open = new Set<Socket>();
	let swallowed = new WeakSet<Socket>();
	let cuts = 0;
	let inTransit = 0;
	const server = createServer((client) => {
		const upstream = connect(Number(port), hostname);
		let budget = nextBudget();
		// One for the whole connection: TCP reorders nothing.
		const delay = nextDelay();
		let over = false;
		const end = () => {
			// Neither end hears that the other one is gone.
			if (swallowed.has(client)) return;
			over = true;
			for (const socket of [client, upstream]) {
				open.delete(socket);
				socket.resetAndDestroy();
			}
		};
		const carry = (to: Socket, chunk: Buffer) => {
			if (over || swallowed.has(client)) return;
			budget -= chunk.length;
			if (budget > 0) {
				to.write(chunk);
				return;
			}
			over = true;
			cuts += 1;
			// The part before the cut arrives; the connection ends inside a frame.
			to.write(chunk.subarray(0, chunk.length + budget), end);
		};
		client.on("data", (chunk: Buffer) => carry(upstream, chunk));
		upstream.on("data", (chunk: Buffer) => {
			if (delay === 0) return carry(client, chunk);
			inTransit += 1;
			setTimeout(() => {
				inTransit -= 1;
				carry(client, chunk);
			}, delay);
		});
		for (const socket of [client, upstream]) {
			open.add(socket);
			socket.setNoDelay(true);
			socket.on("error", end);
			socket.on("close", end);
		}
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	noteServer(url);
	return {
		url,
		get cuts() {
			return cuts;
		},
		get inTransit() {
			return inTransit;
		},
		cut() {
			for (const socket of open) socket.resetAndDestroy();
		},
		swallow() {
			swallowed = new WeakSet(open);
		},
		close: () =>
			new Promise((resolve) => {
				forgetServer(url);
				server.close(() => resolve());
				for (const socket of open) socket.destroy();
			}),
	};
}
