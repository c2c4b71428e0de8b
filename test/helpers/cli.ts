import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { projectFolder } from "../../tools/build.ts";

/** How a command is started. */
export interface CliOptions {
	/** The server: `AEROGRAM_URL`. */
	readonly url?: string;
	/** What it reads on stdin, to its end. Default: stdin is at its end from the start. */
	readonly input?: string;
	/** More environment. */
	readonly env?: Readonly<Record<string, string>>;
}

/** What a command did. */
export interface CliResult {
	/** The exit code; null when a signal ended it. */
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** The command itself, and what of it the tests start. */
export const cliProgram = [process.execPath, join(projectFolder, "cli", "main.ts")] as const;

/** Starts `aerogram` with these arguments. It is killed after 50 s. */
export function startCli(args: readonly string[], options: CliOptions = {}): ChildProcessWithoutNullStreams {
	const [node, main] = cliProgram;
	return spawn(node, [main, ...args], { env: cliEnvironment(options), timeout: 50_000 });
}

/** The environment of a command: ours, with the server of the test and none of a user's. */
export function cliEnvironment({ url, env }: CliOptions): NodeJS.ProcessEnv {
	const { AEROGRAM_URL: _, AEROGRAM_TOKEN: __, AEROGRAM_KEYS: ___, ...inherited } = process.env;
	return { ...inherited, ...(url !== undefined && { AEROGRAM_URL: url }), ...env };
}

/** Runs `aerogram` with these arguments to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
	const child = startCli(args, options);
	// A command that is wrong does not read its input.
	child.stdin.on("error", () => {}).end(options.input ?? "");
	return finish(child);
}

/** Runs a line of the shell in which `aerogram` is the command, such as `aerogram sub default/chat | head -1`. */
export async function runShell(line: string, options: CliOptions = {}): Promise<CliResult> {
	const [node, main] = cliProgram;
	const script = `aerogram() { "${node}" "${main}" "$@"; }\n${line}`;
	const child = spawn("sh", ["-c", script], { env: cliEnvironment(options), timeout: 50_000 });
	child.stdin.on("error", () => {}).end(options.input ?? "");
	return finish(child);
}

/** Waits for the end of a command that was started. */
export async function finish(child: ChildProcessWithoutNullStreams): Promise<CliResult> {
	const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
	const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
	return { code, stdout, stderr };
}
