import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startProxy } from "./proxy.ts";
import { serveHere } from "./server.ts";

/** Where the promise suite finds what it needs; plain text, so that it reaches any runtime. */
export interface PromiseTarget {
	/** The server. */
	readonly url: string;
	/** The same server behind a proxy that can be cut. */
	readonly cuttableUrl: string;
	/** Its raw TCP port. */
	readonly tcp: { readonly host: string; readonly port: number };
	/** A POST to it cuts every connection of the proxy. */
	readonly cutUrl: string;
}

/** A server for the promise suite, with a proxy in front of it and a switch that a page or a Worker can reach. */
export async function startPromiseServer(): Promise<PromiseTarget & { stop(): Promise<void> }> {
	const server = await serveHere();
	const proxy = await startProxy(server.url, {});
	const control = createServer((_request, response) => {
		proxy.cut();
		response.writeHead(204, { "access-control-allow-origin": "*" }).end();
	});
	await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
	return {
		url: server.url,
		tcp: server.tcp,
		cuttableUrl: proxy.url,
		cutUrl: `http://127.0.0.1:${(control.address() as AddressInfo).port}/cut`,
		async stop() {
			control.close();
			control.closeAllConnections();
			await proxy.close();
			await server.stop();
		},
	};
}
