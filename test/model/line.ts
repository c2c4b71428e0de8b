import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** One client's line to the server, which can be cut, and can lose what the server says. */
export class Line {
	readonly url: string;
	readonly #server: Server;
	/** Both ends of each connection, and whether the server has spoken on it. */
	readonly #open: Map<Socket, { spoken: boolean }>;
	readonly #state: { lossy: boolean; lost: () => void };

	private constructor(
		server: Server,
		open: Map<Socket, { spoken: boolean }>,
		state: { lossy: boolean; lost: () => void },
	) {
		this.#server = server;
		this.#open = open;
		this.#state = state;
		this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	}

	/** Stands in front of a port on this machine. */
	static async to(port: number): Promise<Line> {
		const open = new Map<Socket, { spoken: boolean }>();
		const state = { lossy: false, lost: () => {} };
		const server = createServer((client) => {
			const upstream = connect(port, "127.0.0.1");
			const connection = { spoken: false };
			const end = () => {
				for (const socket of [client, upstream]) {
					open.delete(socket);
					socket.destroy();
				}
			};
			client.on("data", (chunk: Buffer) => upstream.write(chunk));
			upstream.on("data", (chunk: Buffer) => {
				connection.spoken = true;
				if (state.lossy) state.lost();
				else client.write(chunk);
			});
			for (const socket of [client, upstream]) {
				open.set(socket, connection);
				socket.setNoDelay(true);
				socket.on("error", end);
				socket.on("close", end);
			}
		});
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		return new Line(server, open, state);
	}

	/**
	 * Resets every connection. One on which the server has not answered yet is closed instead: a reset there makes the runtime
	 * keep the object of a WebSocket for ever, so that it can never be put to sleep (a Worker of 20 lines has the same).
	 */
	cut(): void {
		for (const [socket, { spoken }] of this.#open) {
			if (spoken) socket.resetAndDestroy();
			else socket.destroy();
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
