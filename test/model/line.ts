import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** The two ends of a connection, and whether the server has yet to answer the handshake of a WebSocket on it. */
interface Connection {
	readonly client: Socket;
	readonly upstream: Socket;
	shakesHands: boolean;
}

/** Whether a client asks for a WebSocket: the clients here write the head of a request at once, and mask frames. */
function isHandshake(chunk: Buffer): boolean {
	return /^GET .*\r\nupgrade: websocket\r\n/is.test(chunk.toString("latin1"));
}

/** One client's line to the server, which can be cut, and can lose what the server says. */
export class Line {
	readonly url: string;
	readonly #server: Server;
	readonly #open: Set<Connection>;
	readonly #state: { lossy: boolean; lost: () => void };

	private constructor(server: Server, open: Set<Connection>, state: { lossy: boolean; lost: () => void }) {
		this.#server = server;
		this.#open = open;
		this.#state = state;
		this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	}

	/** Stands in front of a port on this machine. */
	static async to(port: number): Promise<Line> {
		const open = new Set<Connection>();
		const state = { lossy: false, lost: () => {} };
		const server = createServer((client) => {
			const upstream = connect(port, "127.0.0.1");
			const connection = { client, upstream, shakesHands: false };
			open.add(connection);
			const end = () => {
				open.delete(connection);
				client.destroy();
				upstream.destroy();
			};
			client.on("data", (chunk: Buffer) => {
				// The connection of an earlier request is used again for a handshake: how it began says nothing.
				if (isHandshake(chunk)) connection.shakesHands = true;
				upstream.write(chunk);
			});
			upstream.on("data", (chunk: Buffer) => {
				connection.shakesHands = false;
				if (state.lossy) state.lost();
				else client.write(chunk);
			});
			for (const socket of [client, upstream]) {
				socket.setNoDelay(true);
				socket.on("error", end);
				socket.on("close", end);
			}
		});
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		return new Line(server, open, state);
	}

	/**
	 * Resets every connection. One on which the server has yet to answer the handshake of a WebSocket is closed towards the server
	 * instead: a reset there makes the local runtime keep the object of that socket for ever, so that it can never be put to
	 * sleep (a Worker of 20 lines has the same; neither a close there nor a reset of any other request has).
	 */
	cut(): void {
		for (const { client, upstream, shakesHands } of this.#open) {
			// First, because the end of either ends the other by a close.
			if (shakesHands) upstream.destroy();
			else upstream.resetAndDestroy();
			client.resetAndDestroy();
		}
	}

	/** Does something whose answer never arrives: the connection is cut once the server has spoken, or after 50 ms. */
	async losing<Value>(action: () => Promise<Value>): Promise<Value> {
		const { promise: lost, resolve } = Promise.withResolvers<void>();
		this.#state.lossy = true;
		this.#state.lost = resolve;
		const value = action();
		const patience = setTimeout(resolve, 50);
		await lost;
		clearTimeout(patience);
		this.#state.lossy = false;
		this.cut();
		return value;
	}

	async close(): Promise<void> {
		this.#server.close();
		this.cut();
	}
}
