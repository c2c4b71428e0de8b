import { type ChildProcess, spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { basename } from "node:path";

let guarded = false;

/**
 * Ends workerd when this process dies without a chance to do so itself (SIGKILL, out of memory): workerd would go on
 * serving under pid 1. A shell of a few hundred kilobytes waits on a pipe for our death; it is told which workerds live
 * whenever one starts or ends. It ignores the signals that end us, so that it outlives us.
 *
 * Covers every workerd that starts after the first call; does nothing on Windows, which has no such shell.
 */
export function guardRuntime(): void {
	if (guarded || process.platform === "win32") return;
	guarded = true;
	const guard = spawn("sh", ["-c", guardScript], { stdio: ["pipe", "ignore", "ignore"] });
	guard.unref();
	const { stdin } = guard;
	// A guard that is gone is no reason to fail: it only matters if we are killed later.
	guard.on("error", () => {});
	stdin.on("error", () => {});
	const living = new Set<number>();
	const tell = () => stdin.write(`${[...living].join(" ")}\n`);
	// The runtime is started by a package, which keeps the process to itself; Node announces it here.
	subscribe("child_process", (message) => {
		const { process: child } = message as { readonly process: ChildProcess };
		child.once("spawn", () => {
			const { pid } = child;
			if (pid === undefined || !basename(child.spawnfile).startsWith("workerd")) return;
			living.add(pid);
			tell();
			child.once("exit", () => {
				living.delete(pid);
				tell();
			});
		});
	});
}

/** Reads lists of pids until the pipe ends, which it does when the process that holds its other end is gone. */
const guardScript = `
trap '' TERM INT HUP
last=
while read -r pids; do last=$pids; done
if [ -n "$last" ]; then kill -9 $last; fi
`;
