import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { forgetServer, noteServer } from "./openapi/servers.ts";
import { processGroup, waitUntil } from "./processes.ts";

/** The one line of `--json`. */
export interface ReadyLine {
	readonly url: string;
	readonly tcp: string | null;
	readonly data: string;
}

/** A command that was started in a process group of its own. */
export interface RunningCommand {
	/** The pid of the command itself, which is also its group. */
	readonly pid: number;
	readonly stdout: () => string;
	readonly stderr: () => string;
	/** Resolves to the first line of stdout, read as JSON; rejects when the command ends before it. */
	readonly ready: Promise<ReadyLine>;
	/** Resolves to the exit code when it ended; null when by a signal. */
	readonly ended: Promise<number | null>;
	/** Kills whatever is left of it. */
	[Symbol.asyncDispose](): Promise<void>;
}

/** `npm run -s dev -- …` in a project folder, as a person would type it: with none of what our own `npm test` set. */
export function npmRunDev(folder: string, args: readonly string[]): RunningCommand {
	return startCommand("npm", ["run", "-s", "dev", "--", ...args], folder);
}

/** Starts a command with nothing on stdin, and temporary files below its folder: the runtime leaves some when killed. */
export function startCommand(command: string, args: readonly string[], folder: string): RunningCommand {
	const temporary = join(folder, ".temporary");
	mkdirSync(temporary, { recursive: true });
	const child = spawn(command, args, {
		cwd: folder,
		detached: true,
		env: { ...cleanEnvironment(), TMPDIR: temporary },
		stdio: ["ignore", "pipe", "pipe"],
	});
	const { pid } = child;
	if (pid === undefined) throw new Error(`${command} cannot be started`);
	let stdout = "";
	let stderr = "";
	const ready = Promise.withResolvers<ReadyLine>();
	// Who only waits for the end need not care that there was no first line.
	ready.promise.then(
		({ url }) => noteServer(url),
		() => {},
	);
	child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
		stdout += chunk;
		if (stdout.includes("\n") && stdout.startsWith("{")) ready.resolve(JSON.parse(stdout.split("\n", 1)[0] ?? ""));
	});
	child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
		stderr += chunk;
	});
	const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
	void ended
		.then(() => ready.promise)
		.then(
			({ url }) => forgetServer(url),
			() => {},
		);
	void ended.then((code) => ready.reject(new Error(`ended with ${code} before it was ready: ${stderr}`)));
	return {
		pid,
		stdout: () => stdout,
		stderr: () => stderr,
		ready: ready.promise,
		ended,
		async [Symbol.asyncDispose]() {
			if (processGroup(pid).length > 0) process.kill(-pid, "SIGKILL");
			await waitUntil("what the test started ends", () => processGroup(pid).length === 0);
		},
	};
}

/** Our environment without what npm, Vitest and our own scripts put there: as a user's shell has it. */
export function cleanEnvironment(): Record<string, string | undefined> {
	const entries = Object.entries(process.env).filter(([name]) => !/^(?:npm_|VITEST|NODE_ENV$)/i.test(name));
	const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.endsWith("node_modules/.bin"));
	return { ...Object.fromEntries(entries), PATH: path.join(delimiter) };
}
