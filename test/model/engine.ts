import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { type RuntimeSettings, runtimeOptions } from "../../cli/runtime-options.ts";
import { buildEdited, type Edit } from "../helpers/edited-build.ts";
import { until } from "../helpers/until.ts";

/** What the test's build has and the product has not: a word that crashes an object, and a log that is trimmed early. */
export const modelEdits: readonly Edit[] = [
	{
		file: "worker/space/space.ts",
		find: "return this.#channels.channel(name);",
		replace:
			'if (name === "crash.now") this.ctx.abort("a crash, asked for by a test");\nreturn this.#channels.channel(name);',
	},
	{ file: "protocol/limits.ts", find: "\tmessages: 100_000,", replace: "\tmessages: 30," },
	{ file: "protocol/limits.ts", find: "\tsegmentBytes: 16_384,", replace: "\tsegmentBytes: 600," },
	{ file: "protocol/limits.ts", find: "\tcheckpointMessages: 256,", replace: "\tcheckpointMessages: 8," },
];

/** How much of a channel the test's build keeps: `messages`, and at most one segment more, which is what one flush started. */
export const kept = { messages: 30, most: 130 } as const;

/** The server in the runtime itself, whose objects can be put to sleep, crashed, and killed with everything. */
export class Engine {
	readonly port: number;
	readonly #folder: string;
	readonly #runtime: Miniflare;
	/** What is called when the runtime has started again. */
	readonly #restarted: { call: () => void };

	private constructor(port: number, folder: string, runtime: Miniflare, restarted: { call: () => void }) {
		this.port = port;
		this.#folder = folder;
		this.#runtime = runtime;
		this.#restarted = restarted;
	}

	/** Builds and starts it. `bundle`: another build, such as a broken one. */
	static async start(bundle: string | undefined): Promise<Engine> {
		const worker = await readFile(bundle ?? (await buildEdited(modelEdits)), "utf8");
		const folder = await mkdtemp(join(tmpdir(), "aerogram-model-"));
		const first = {
			worker,
			host: "127.0.0.1",
			port: 0,
			tcp: null,
			data: folder,
			mode: "1",
			log: "failures",
			durationScale: "0.01",
		} as const;
		const restarted = { call() {} };
		const options = (settings: RuntimeSettings) => ({
			...runtimeOptions(settings),
			unsafeHandleRuntimeRestart: () => restarted.call(),
		});
		const runtime = new Miniflare(options(first));
		await runtime.ready;
		const port = Number((await runtime.unsafeGetDirectURL()).port);
		await runtime.setOptions(options({ ...first, port }));
		return new Engine(port, folder, runtime, restarted);
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	/** Puts a space's object to sleep: its memory is gone, its sockets stay. One that sleeps already stays so. */
	async evict(space: string): Promise<void> {
		try {
			await this.#runtime.unsafeEvictDurableObject("aerogram", "Space", { name: space });
		} catch (error) {
			if (String(error).includes("not currently running")) return;
			if (!String(error).includes("active references")) throw error;
			throw new Error(
				`The object of ${space} cannot be put to sleep. Either it waits for something of its own that does not end, which ` +
					"is a bug, or the runtime was reset on a connection before it had answered the handshake of a WebSocket, which " +
					"`Line.cut()` avoids, because the runtime never lets go of such an object.",
				{ cause: error },
			);
		}
	}

	/** Crashes a space's object: memory and sockets are gone. */
	async crash(space: string): Promise<void> {
		const response = await fetch(`${this.url}/v1/spaces/${space}/channels/crash.now`);
		await response.arrayBuffer();
		if (response.status !== 500) throw new Error(`the object did not crash: ${response.status}`);
	}

	/** Kills the runtime as a power cut would. It starts again by itself, on the same data and port. */
	async kill(): Promise<void> {
		const { promise: restarted, resolve } = Promise.withResolvers<void>();
		this.#restarted.call = resolve;
		for (const pid of runtimes()) process.kill(pid, "SIGKILL");
		await restarted;
		await until(() => this.#listens(), "the runtime to listen again");
	}

	async #listens(): Promise<boolean> {
		try {
			await (await fetch(`${this.url}/health`)).arrayBuffer();
			return true;
		} catch {
			return false;
		}
	}

	async stop(): Promise<void> {
		await this.#runtime.dispose();
		await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
	}
}

/** The runtimes that this process started and that live: tests that start others do so in processes of their own. */
function runtimes(): readonly number[] {
	const output = execFileSync("ps", ["--ppid", String(process.pid), "-o", "pid=,stat=,comm="], { encoding: "utf8" });
	const lines = output.split("\n").map((line) => line.trim().split(/\s+/));
	return lines.flatMap(([pid, state = "", name]) => (name === "workerd" && !state.startsWith("Z") ? Number(pid) : []));
}
