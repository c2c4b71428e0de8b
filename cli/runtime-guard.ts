import { type ChildProcess, spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { basename } from "node:path";

/**
 * Ends workerd when this process dies without a chance to do so itself (SIGKILL, out of memory): workerd would go on
 * serving under pid 1. A shell of a few hundred kilobytes waits on a pipe for our death; it is told the pid of each
 * workerd as it starts, and forgets it when it ends. It ignores the signals that end us, so that it outlives us.
 *
 * Does nothing on Windows, which has no such shell.
 */
export function guardRuntime(): void {
	if (process.platform === "win32") return;
	const guard = spawn("sh", ["-c", guardScript], { stdio: ["pipe", "ignore", "ignore"] });
	guard.unref();
	const { stdin } = guard;
	// A guard that is gone is no reason to fail: it only matters if we are killed later.
	guard.on("error", () => {});
	stdin.on("error", () => {});
	subscribe("child_process", (message) => {
		const started = (message as { readonly process: ChildProcess }).process;
		started.once("spawn", () => {
			if (!basename(started.spawnfile).startsWith("workerd")) return;
			stdin.write(`${started.pid}\n`);
			started.once("exit", () => stdin.write("\n"));
		});
	});
}

/** Reads pids until the pipe ends, which it does when the process that holds its other end is gone. */
const guardScript = `
trap '' TERM INT HUP
last=
while read -r pid; do last=$pid; done
if [ -n "$last" ]; then kill -9 "$last"; fi
`;
