import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { serveConnection, type TcpService, type TcpStreams } from "../../worker/tcp/connection.ts";
import type { StoreExchanges } from "../../worker/tcp/speaker.ts";

/** What a bridge serves, and where. */
export interface BridgeOptions {
	readonly host: string;
	/** 0 = any free port. */
	readonly port: number;
	readonly service: Omit<TcpService, "store">;
	/** Makes the store step of a connection. */
	readonly makeStore: () => StoreExchanges;
}

/**
 * Listens for raw TCP and serves each connection as the Worker does; resolves to the port. It goes on until the process
 * ends. Rejects when the port is not to be had.
 */
export async function openBridge({ host, port, service, makeStore }: BridgeOptions): Promise<number> {
	const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
		// A client may vanish at any moment; whoever awaits a read or a write learns of it there.
		socket.on("error", () => {});
		void serveConnection(streamsOf(socket), { ...service, store: makeStore() }).then(() => socket.destroySoon());
	});
	server.listen({ host, port, exclusive: true });
	await once(server, "listening");
	return (server.address() as AddressInfo).port;
}

function streamsOf(socket: Socket): TcpStreams {
	// Not destroyed at its end: a client that half-closes is still to be answered.
	const pieces: AsyncIterator<Buffer, undefined> = socket.iterator({ destroyOnReturn: false });
	return {
		reader: {
			async read() {
				const { done = false, value } = await pieces.next();
				return { done, value };
			},
			async cancel() {
				socket.destroy();
			},
		},
		writer: {
			write: (bytes) => settle((done) => socket.write(bytes, done)),
			close: () => settle((done) => socket.end(done)),
		},
	};
}

function settle(start: (done: (error?: Error | null) => void) => void): Promise<void> {
	return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}
