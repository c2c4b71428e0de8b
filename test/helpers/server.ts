import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { startServer as startLocalServer } from "../../cli/server.ts";
import { buildWorker, projectFolder } from "../../tools/build.ts";
import { editSources, editsOfRun } from "./edited-build.ts";
import { forgetServer, noteServer } from "./openapi/servers.ts";
import { processGroup, waitUntil } from "./processes.ts";

/** What a test may ask of its server. */
export interface TestServerOptions {
	/** A data folder that outlives the server. Default: one of its own, removed with it. */
	readonly dataDir?: string;
	/** More environment, such as `AEROGRAM_DURATION_SCALE`. */
	readonly env?: Readonly<Record<string, string>>;
	/** A built Worker. Default: the one of `AEROGRAM_TEST_BUNDLE`, else the sources as they are now, built once a process. */
	readonly bundle?: string | undefined;
	/** More arguments of `aerogram dev`, such as `--https`. */
	readonly args?: readonly string[];
}

/** A running server. */
export interface LocalServer {
	readonly url: string;
	/** The same place for WebSocket: `ws://…`. */
	readonly socketUrl: string;
	readonly tcp: { readonly host: string; readonly port: number };
	readonly dataDir: string;
	/** What it had to say so far, all its lives together. */
	log(): string;
	/** Ends it and removes its data folder, unless that was given. */
	stop(): Promise<void>;
	/** `stop`, for `await using`. */
	[Symbol.asyncDispose](): Promise<void>;
}

/** `aerogram dev` in a process group of its own. */
export interface TestServer extends LocalServer {
	/** The process of now, which is also its group. */
	readonly pid: number;
	/** SIGKILL to the whole group; resolves when nothing of it lives. */
	kill(): Promise<void>;
	/** Starts again on the same data and the same ports, after a `kill` if it still runs. */
	restart(): Promise<void>;
}

/** Starts a real server as a process, on ports that nobody uses. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
	const bundle = await workerFile(options.bundle);
	const temporary = await mkdtemp(join(tmpdir(), "aerogram-test-"));
	const dataDir = options.dataDir ?? join(temporary, "data");
	// The runtime leaves its own temporary folder behind when it is killed: it goes with ours.
	const env = { ...process.env, TMPDIR: temporary, ...options.env };
	let log = "";

	async function launch(port: number, tcp: number): Promise<Life> {
		const args = ["cli/main.ts", "dev", "--json", "--port", `${port}`, "--tcp", `${tcp}`, "--data", dataDir];
		const child = spawn(process.execPath, [...args, "--bundle", bundle, ...(options.args ?? [])], {
			cwd: projectFolder,
			detached: true,
			env,
			stdio: ["ignore", "pipe", "pipe"],
		});
		child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
			log += chunk;
		});
		const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
		const line = await Promise.race([firstLine(child), ended]);
		if (line === undefined) throw new Error(`the server did not start: ${log}`);
		const { url, tcp: address } = JSON.parse(line) as { readonly url: string; readonly tcp: string };
		return { child, ended, url, tcp: Number(address.split(":").at(-1)) };
	}

	/** While nobody listens there, a connection of another test may have got one of the ports at its near end for a while. */
	async function relaunch(port: number, tcp: number): Promise<Life> {
		for (const until = performance.now() + 20_000; ; ) {
			try {
				return await launch(port, tcp);
			} catch (error) {
				if (!/in use/i.test(String(error)) || performance.now() > until) throw error;
				log = "";
				await sleep(100);
			}
		}
	}

	async function end(signal: NodeJS.Signals): Promise<void> {
		const group = pidOf(life.child);
		if (processGroup(group).length > 0) process.kill(-group, signal);
		await life.ended;
		await waitUntil(`every process of group ${group} ends`, () => processGroup(group).length === 0);
	}

	async function stop(): Promise<void> {
		await end("SIGTERM");
		forgetServer(life.url);
		await rm(temporary, { recursive: true, force: true });
	}

	let life = await launch(0, 0);
	noteServer(life.url);
	return {
		url: life.url,
		socketUrl: life.url.replace("http", "ws"),
		tcp: { host: "127.0.0.1", port: life.tcp },
		dataDir,
		get pid() {
			return pidOf(life.child);
		},
		log: () => log,
		kill: () => end("SIGKILL"),
		async restart() {
			await end("SIGKILL");
			life = await relaunch(Number(new URL(life.url).port), life.tcp);
		},
		stop,
		[Symbol.asyncDispose]: stop,
	};
}

/**
 * Starts a server as `aerogram dev` does, with its runtime as a child of this process: for tests that neither kill it nor look
 * at its process. It is there in a third of the time, most of which goes to loading what this process has loaded.
 */
export async function serveHere({
	bundle,
	env = {},
}: Pick<TestServerOptions, "bundle" | "env"> = {}): Promise<LocalServer> {
	const file = await workerFile(bundle);
	const temporary = await mkdtemp(join(tmpdir(), "aerogram-test-"));
	const dataDir = join(temporary, "data");
	let log = "";
	const { AEROGRAM_DURATION_SCALE: durationScale, AEROGRAM_KEYS: keys } = env;
	const server = await startLocalServer({
		worker: () => readFile(file, "utf8"),
		host: "127.0.0.1",
		port: 0,
		tcp: 0,
		data: dataDir,
		unsafeOpen: false,
		https: false,
		logRequests: false,
		...(durationScale !== undefined && { durationScale }),
		...(keys !== undefined && { keys }),
		log: (line) => {
			log += `${line}\n`;
		},
	});
	noteServer(server.url);
	const stop = async () => {
		await server.close();
		forgetServer(server.url);
		await rm(temporary, { recursive: true, force: true });
	};
	return {
		url: server.url,
		socketUrl: server.url.replace("http", "ws"),
		tcp: { host: "127.0.0.1", port: Number(server.tcp?.split(":").at(-1)) },
		dataDir,
		log: () => log,
		stop,
		[Symbol.asyncDispose]: stop,
	};
}

function firstLine(child: ChildProcess): Promise<string> {
	return new Promise((resolve) => {
		if (child.stdout) createInterface({ input: child.stdout }).once("line", resolve);
	});
}

/** One process of a server, from its first line to its end. */
interface Life {
	readonly child: ChildProcess;
	readonly ended: Promise<void>;
	readonly url: string;
	readonly tcp: number;
}

function pidOf(child: ChildProcess): number {
	if (child.pid === undefined) throw new Error("the server was never started");
	return child.pid;
}

let built: Promise<string> | undefined;

/** The path of a Worker: the one that was given, else that of the environment, else built from the sources as they are now. */
async function workerFile(given: string | undefined): Promise<string> {
	const known = given ?? process.env.AEROGRAM_TEST_BUNDLE;
	if (known !== undefined) return known;
	built ??= (async () => {
		const outdir = await mkdtemp(join(tmpdir(), "aerogram-bundle-"));
		process.once("exit", () => rmSync(outdir, { recursive: true, force: true }));
		const { file } = await buildWorker({ outdir, plugins: [editSources(editsOfRun())] });
		if (file === undefined) throw new Error("the build wrote no file");
		return file;
	})();
	return built;
}
