import { afterAll, beforeAll, test } from "vitest";
import { Aerogram, type AerogramOptions, isAerogramError, type Message } from "../../sdk/index.ts";
import { connect, type TcpConnection } from "../../sdk/node/index.ts";
import { keep } from "../promises/stage.ts";
import { tcpPromises } from "../promises/tcp.ts";
import { type ClientTransportId, promisesOf, type TransportId, transports } from "../promises/transports.ts";
import { noteOutcomes } from "./kept-promises.ts";
import { startPromiseServer } from "./promise-server.ts";

type PromiseServer = Awaited<ReturnType<typeof startPromiseServer>>;

/** Makes a test of each promise that a transport keeps, against a server of its own, and notes what becomes of them. */
export function testPromises(transport: ClientTransportId, options: AerogramOptions = {}): void {
	const { options: own } = transports[transport];
	testEach(transport, promisesOf(transport), (promise, server) =>
		keep(promise, { Aerogram, isAerogramError }, server, { ...own, ...options }),
	);
}

/** Makes a test of each promise of raw TCP. */
export function testTcpPromises(): void {
	testEach("tcp", tcpPromises, async (promise, server) => {
		const opened: TcpConnection[] = [];
		const client = new Aerogram(server.url);
		const channel = client.space("default").channel("exchange");
		const { head: after } = await channel.history();
		try {
			await promise.keep({
				async connect(options) {
					const connection = await connect(server.tcp.host, server.tcp.port, options);
					opened.push(connection);
					return connection;
				},
				async stored() {
					const messages: Message[] = [];
					for await (const message of channel.messages({ after })) messages.push(message);
					return messages;
				},
				watch: (seen) => channel.subscribe(seen).ready,
				isRefusal: (error, code) => isAerogramError(error) && error.code === code,
			});
		} finally {
			for (const connection of opened) connection.close();
			client.close();
		}
	});
}

function testEach<One extends { readonly name: string }>(
	transport: TransportId,
	promises: readonly One[],
	keepOne: (promise: One, server: PromiseServer) => Promise<void>,
): void {
	const outcomes: Record<string, boolean> = {};
	let server: PromiseServer;
	beforeAll(async () => {
		server = await startPromiseServer();
	});
	afterAll(async () => {
		await server?.stop();
		noteOutcomes(transport, outcomes);
	});
	test.each(promises)(`${transports[transport].name} in Node: $name`, async (promise) => {
		outcomes[promise.name] = false;
		await keepOne(promise, server);
		outcomes[promise.name] = true;
	});
}
