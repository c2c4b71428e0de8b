import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

// What `python3` is on PATH may be a script that looks for the real one, each time for half a second.
const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
const folder = join(import.meta.dirname, "..", "python");

/** A Python program that runs. */
export interface PythonProgram {
	/** Resolves to its first line of output. */
	readonly firstLine: Promise<string>;
	/** Ends its input and resolves to all it printed; rejects when it fails, with what it said. */
	finish(input?: string): Promise<string>;
	/** Ends it, whatever it does. */
	kill(): void;
}

/** Starts a program of `test/python/` in Python 3. It is killed after 50 s. */
export function startPython(program: string, args: readonly (string | number)[]): PythonProgram {
	// Bytecode beside the sources would be files of the project; the input and output are UTF-8 whatever the machine says.
	const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONUTF8: "1" };
	const child = spawn(python, [join(folder, program), ...args.map(String)], { env, timeout: 50_000 });
	const output = text(child.stdout);
	const errors = text(child.stderr);
	const ended = new Promise<number | null>((resolve, reject) => {
		child.once("error", reject);
		child.once("close", resolve);
	});
	// A program that fails early does not read its input; what it printed tells more than the broken pipe.
	child.stdin.on("error", () => {});
	return {
		firstLine: firstLine(child),
		async finish(input = "") {
			child.stdin.end(input);
			const code = await ended;
			if (code !== 0) throw new Error(`${program} ended with ${code}: ${await errors}`);
			return output;
		},
		kill: () => void child.kill("SIGKILL"),
	};
}

/** Runs a program of `test/python/` to its end; resolves to what it printed. */
export function runPython(program: string, args: readonly (string | number)[], input?: string): Promise<string> {
	return startPython(program, args).finish(input);
}

/** As `runPython`, with JSON in and out. What comes out is not checked. */
export async function runPythonJson<Output>(
	program: string,
	args: readonly (string | number)[],
	input?: unknown,
): Promise<Output> {
	return JSON.parse(await runPython(program, args, JSON.stringify(input))) as Output;
}

function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
	return new Promise((resolve) => {
		let seen = "";
		const look = (chunk: Buffer) => {
			seen += chunk.toString();
			const end = seen.indexOf("\n");
			if (end === -1) return;
			child.stdout.off("data", look);
			resolve(seen.slice(0, end));
		};
		child.stdout.on("data", look);
	});
}
