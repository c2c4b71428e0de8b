import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DevOptions } from "./options.ts";
import { type Server, startServer } from "./server.ts";
import { UnavailableError } from "./usage-error.ts";
import { watchSources } from "./watch.ts";

const root = join(import.meta.dirname, "..");

/**
 * Runs `aerogram dev`: serves the Worker, and serves it anew when its sources change. Resolves when it serves; it goes on
 * until the process ends.
 *
 * @throws UnavailableError when something it needs is not there; esbuild's BuildFailure when the Worker does not compile.
 */
export async function runDev(options: DevOptions): Promise<void> {
	const { bundle } = options;
	const scale = process.env.AEROGRAM_DURATION_SCALE;
	const start = (worker: () => Promise<string>) =>
		startServer({ ...options, worker, log, ...(scale === undefined ? {} : { durationScale: scale }) });

	const server = await (bundle === undefined ? serveSources(start) : start(() => readBundle(bundle)));
	if (options.unsafeOpen) {
		log(`WARNING: --unsafe-open: whoever can reach ${server.url} can read, write and delete everything, unasked.`);
	}
	const { url, tcp, data } = server;
	process.stdout.write(options.json ? `${JSON.stringify({ url, tcp, data })}\n` : welcome(server));
}

/** Starts from the sources, and watches them from before they are first read, so that no change is missed. */
async function serveSources(start: (worker: () => Promise<string>) => Promise<Server>): Promise<Server> {
	const { buildWorker } = await import("../tools/build.ts");
	const serving = Promise.withResolvers<Server>();
	let served = "";
	const build = async () => {
		const { worker } = await buildWorker({ root });
		return worker;
	};

	const stopWatching = await watchSources(root, async () => {
		const server = await serving.promise;
		const started = performance.now();
		try {
			const worker = await build();
			if (worker === served) return;
			await server.replace(worker);
			served = worker;
			log(`Changed: rebuilt and restarted in ${Math.round(performance.now() - started)} ms.`);
		} catch (error) {
			log(await explain(error));
			log("The last working version goes on serving.");
		}
	});
	try {
		const server = await start(async () => {
			served = await build();
			return served;
		});
		serving.resolve(server);
		return server;
	} catch (error) {
		stopWatching();
		throw error;
	}
}

async function readBundle(file: string): Promise<string> {
	try {
		return await readFile(file, "utf8");
	} catch {
		throw new UnavailableError(`--bundle ${file} cannot be read: make it with node tools/build.ts.`);
	}
}

/** A mistake in the sources as esbuild shows it; what the runtime says about a Worker that does not start, as it is. */
async function explain(error: unknown): Promise<string> {
	const { explainBuildFailure } = await import("../tools/build/explain-failure.ts");
	return explainBuildFailure(error).catch(() => (error instanceof Error ? error.message : String(error)));
}

function log(line: string): void {
	process.stderr.write(line.endsWith("\n") ? line : `${line}\n`);
}

function welcome({ url, tcp, data }: Server): string {
	const lines = [
		"",
		"  Aerogram is ready.",
		"",
		`  ${url}   HTTP and WebSocket: open it in a browser`,
		...(tcp === null ? [] : [`  ${tcp}          raw TCP: JSON, XML or packets`]),
		`  ${data}   everything is stored here`,
		"",
		"  Try:",
		`  curl ${url}/v1/exchange --json '{"name":"you","message":"hello"}'`,
		"",
		"  A change of the sources restarts it; Ctrl-C ends it.",
		"",
	];
	return `${lines.join("\n")}\n`;
}
