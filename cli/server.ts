import { createRequire } from "node:module";
import type { Miniflare } from "miniflare";
import { isLoopback, listenAddress, reachableAddress } from "./address.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { checkPort } from "./ports.ts";
import { guardRuntime } from "./runtime-guard.ts";
import { runtimeLog, type WriteLine } from "./runtime-log.ts";
import { type RuntimeSettings, runtimeOptions } from "./runtime-options.ts";

/** What to serve, and where. */
export interface ServerOptions {
	/** Gives the built Worker, one ES module. It is asked once, when nothing stands in the way, while the runtime loads. */
	readonly worker: () => Promise<string>;
	readonly host: string;
	/** 0 = any free port; it stays the same until the server is closed. */
	readonly port: number;
	/** The port of raw TCP: 0 = any free port, null = off. */
	readonly tcp: number | null;
	/** The data folder; made if it is not there. */
	readonly data: string;
	/** Whether any Host is answered. A host beyond loopback answers nobody without it. */
	readonly unsafeOpen: boolean;
	/** Whether HTTP and WebSocket are served by TLS, with a certificate of an authority that the data folder keeps. */
	readonly https: boolean;
	/** Whether nobody is let in without a key or token, as on a deployed server: no dev mode. */
	readonly closed?: boolean;
	/** The keys of servers, as `AEROGRAM_KEYS` has them. */
	readonly keys?: string;
	/** Whether every request is logged, as on a deployed server, and not only those that fail in it. */
	readonly logRequests: boolean;
	/** Factor for every duration of the Worker, for tests. */
	readonly durationScale?: string;
	/** Takes what the runtime and the Worker have to say, a line at a time. */
	readonly log: WriteLine;
}

/** A running server. */
export interface Server {
	/** Where HTTP and WebSocket are served, without a slash at its end. */
	readonly url: string;
	/** `host:port` of raw TCP, or null where it is off. */
	readonly tcp: string | null;
	/** The absolute path of the data folder. */
	readonly data: string;
	/** With `https`, the file of the authority's certificate: what clients are told to trust. */
	readonly ca?: string;
	/**
	 * Serves another Worker on the same ports and data. Open connections are cut. If the new one does not start, the one
	 * before serves again.
	 *
	 * @throws what the runtime says about the new Worker.
	 */
	replace(worker: string): Promise<void>;
	/** Ends the runtime and frees ports and data folder. */
	close(): Promise<void>;
}

/**
 * Starts the Worker in the local runtime: the same engine as deployed. Ports and data folder are checked first, so that
 * what stands in the way is said at once.
 *
 * @throws UnavailableError when a port or the data folder is not to be had; what `worker` throws.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
	const host = listenAddress(options.host);
	await checkPort("--port", host, options.port);
	if (options.https && host === "127.0.0.1") await checkPort("--port", "::1", options.port, true);
	if (options.tcp !== null) await checkPort("--tcp", host, options.tcp);
	const folder = await openDataFolder(options.data);
	try {
		const built = options.worker();
		const miniflare = loadMiniflare();
		const worker = await built;
		const { durationScale, keys } = options;
		const mode = options.unsafeOpen ? "unsafe-open" : isLoopback(host) && !options.closed ? "1" : undefined;
		const plain = options.https ? { host: "127.0.0.1", port: 0, tcpHost: host } : { host, port: options.port };
		const server = await serve(miniflare, options.log, folder, {
			...plain,
			worker,
			tcp: options.tcp,
			data: folder.path,
			...(mode === undefined ? {} : { mode }),
			...(keys === undefined ? {} : { keys }),
			...(options.logRequests ? {} : { log: "failures" as const }),
			...(durationScale === undefined ? {} : { durationScale }),
		});
		if (!options.https) return server;
		const { coverByTls } = await import("./https/cover.ts");
		return await coverByTls(server, host, options.port);
	} catch (error) {
		folder.release();
		throw error;
	}
}

async function serve(
	miniflare: typeof import("miniflare"),
	log: WriteLine,
	folder: DataFolder,
	first: RuntimeSettings,
): Promise<Server> {
	guardRuntime();
	const shared = runtimeLog(miniflare, log);
	const runtime = new miniflare.Miniflare({ ...shared, ...runtimeOptions(first) });
	await runtime.ready;
	const port = Number((await runtime.unsafeGetDirectURL()).port);
	// From here on the ports are fixed, so that a replacement listens where the first one did.
	let settings = { ...first, port, tcp: first.tcp === 0 ? await findTcpPort(runtime) : first.tcp };

	return {
		url: `http://${reachableAddress(settings.host, port)}`,
		tcp: settings.tcp === null ? null : reachableAddress(settings.tcpHost ?? settings.host, settings.tcp),
		data: folder.path,
		async replace(worker) {
			const next = { ...settings, worker };
			try {
				await runtime.setOptions({ ...shared, ...runtimeOptions(next) });
				settings = next;
			} catch (error) {
				await runtime.setOptions({ ...shared, ...runtimeOptions(settings) });
				throw error;
			}
		},
		async close() {
			await runtime.dispose();
			folder.release();
		},
	};
}

/** By `require`: its package names no module type, and `import` would compile its megabytes once more to find that out. */
function loadMiniflare(): typeof import("miniflare") {
	return createRequire(import.meta.url)("miniflare") as typeof import("miniflare");
}

/** The runtime chose the port of raw TCP and tells it nobody; a connection that it opens for us does. */
async function findTcpPort(runtime: Miniflare): Promise<number> {
	const socket = await runtime.dispatchConnect();
	const port = socket.remotePort ?? 0;
	socket.destroy();
	return port;
}
