import { type ChildProcess, spawn } from "node:child_process";

/** A program with everything it starts: one process group, so that nothing of it can outlive us. */
export interface Program {
	readonly child: ChildProcess;
	/** What it printed so far. */
	output(): string;
	/** What it complained of so far. */
	errors(): string;
	/** Settles when it ended: its exit code, null when a signal ended it. */
	readonly ended: Promise<number | null>;
	/** Asks the whole group to end, and makes it after five seconds. */
	stop(): Promise<void>;
}

const groups = new Set<number>();
process.on("exit", () => {
	for (const group of groups) signal(group, "SIGKILL");
});
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => process.exit(1));

/** Starts a program as a user would in a terminal of their own: no stdin, and PATH without this package's tools. */
export function start(command: readonly string[], cwd: string): Program {
	const [file = "", ...rest] = command;
	const child = spawn(file, rest, { cwd, env: userEnvironment(), detached: true, stdio: ["ignore", "pipe", "pipe"] });
	const group = child.pid;
	if (group !== undefined) groups.add(group);
	let output = "";
	let errors = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		output += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		errors += text;
	});
	const ended = new Promise<number | null>((resolve) => {
		child.once("error", (error) => {
			errors += error.message;
			resolve(127);
		});
		child.once("close", resolve);
	});
	return {
		child,
		output: () => output,
		errors: () => errors,
		ended,
		async stop() {
			if (group === undefined) return;
			signal(group, "SIGTERM");
			const force = setTimeout(() => signal(group, "SIGKILL"), 5_000);
			await ended;
			clearTimeout(force);
			signal(group, "SIGKILL");
			groups.delete(group);
		},
	};
}

/** Waits until something holds; answers whether it did before the time was over. */
export async function waitUntil(holds: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
	const end = Date.now() + milliseconds;
	for (;;) {
		if (await holds()) return true;
		if (Date.now() >= end) return false;
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
}

function signal(group: number, name: NodeJS.Signals): void {
	try {
		process.kill(-group, name);
	} catch {
		// All of the group has ended.
	}
}

function userEnvironment(): NodeJS.ProcessEnv {
	const folders = (process.env.PATH ?? "").split(":");
	return {
		...process.env,
		PATH: folders.filter((folder) => !/node_modules\/\.bin$|node-gyp-bin$/.test(folder)).join(":"),
	};
}
