import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Runs curl; resolves to its output and exit code. */
export async function curl(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
	try {
		const { stdout } = await promisify(execFile)("curl", ["--silent", "--globoff", "--max-time", "20", ...args]);
		return { code: 0, output: stdout };
	} catch (error) {
		const { code, stdout } = error as { readonly code: number; readonly stdout: string };
		return { code, output: stdout };
	}
}
