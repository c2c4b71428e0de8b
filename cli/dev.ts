import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { logText } from "./log-text.ts";
import type { DevOptions } from "./options.ts";
import { type Server, startServer } from "./server.ts";
import { UnavailableError } from "./usage-error.ts";
import { watchSources } from "./watch.ts";

const root = join(import.meta.dirname, "..");

/**
 * Runs `aerogram dev`: serves the Worker, and serves it anew when its sources change. Resolves when it serves; it goes on
 * until the process ends.
 *
 * @throws UnavailableError when something it needs is not there, or the Worker does not compile.
 */
export async function runDev(options: DevOptions): Promise<void> {
	try {
		await serve(options);
	} catch (error) {
		throw error instanceof UnavailableError ? error : new UnavailableError((await explain(error)).trimEnd());
	}
}

async function serve(options: DevOptions): Promise<void> {
	const { bundle } = options;
	const { AEROGRAM_DURATION_SCALE: durationScale, AEROGRAM_KEYS: keys } = process.env;
	const environment = { ...(durationScale !== undefined && { durationScale }), ...(keys !== undefined && { keys }) };
	// Programs read the lines as the server writes them, a person what they say.
	const tell = options.json ? log : (line: string) => log(logText(line));
	const start = (worker: () => Promise<string>) => startServer({ ...options, ...environment, worker, log: tell });

	const server = await (bundle === undefined ? serveSources(start) : start(() => readBundle(bundle)));
	if (options.unsafeOpen) {
		log(`WARNING: --unsafe-open: whoever can reach ${server.url} can read, write and delete everything, unasked.`);
	}
	const { url, tcp, data, ca } = server;
	process.stdout.write(options.json ? `${JSON.stringify({ url, tcp, data, ca })}\n` : welcome(server));
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
	const said = error instanceof Error ? error.message : String(error);
	// Of a mistake in the configuration, its sentence says it all; the runtime's own words around it would only hide that. They
	// are JSON: a quote is escaped, and the stack follows after an escaped newline.
	const mistake = /Uncaught Error: (aerogram\.config\.ts: (?:[^"\\\n]|\\")+)/.exec(said)?.[1];
	return mistake?.replaceAll('\\"', '"') ?? explainBuildFailure(error).catch(() => said);
}

function log(line: string): void {
	process.stderr.write(line.endsWith("\n") ? line : `${line}\n`);
}

function welcome({ url, tcp, data, ca }: Server): string {
	const trust = ca === undefined ? "" : ` --cacert ${quoteForShell(ca)}`;
	const lines = [
		"",
		"  Aerogram is ready.",
		"",
		`  ${url}   HTTP and WebSocket: open it in a browser`,
		...(tcp === null ? [] : [`  ${tcp.padEnd(url.length)}   raw TCP: JSON, XML or packets`]),
		`  ${data}   everything is stored here`,
		...(ca === undefined ? [] : [`  ${ca}   trust this: it vouches for localhost, 127.0.0.1 and ::1`]),
		"",
		"  Try:",
		...(ca === undefined ? [] : [`  curl${trust} ${url}/health`]),
		`  curl${trust} ${url}/v1/exchange --json '{"name":"you","message":"hello"}'`,
		"",
		"  A change of the sources restarts it; Ctrl-C ends it.",
		"",
	];
	return `${lines.join("\n")}\n`;
}

/** A path as a POSIX shell reads it back. */
function quoteForShell(path: string): string {
	return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
