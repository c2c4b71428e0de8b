import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

interface Ancestor {
	readonly parent: number;
	readonly command: string;
}

/** How often we look whether the parent is still there, in milliseconds. */
const interval = 200;

/**
 * Calls `gone` once when the program that started us is gone, whatever ended it: then nobody is left to stop us. `npm
 * run` may put a shell between itself and us; a shell that only runs our command is passed over, and the one above it is
 * watched too.
 *
 * A process whose parent is the system's first process (a service, a container) is never told; but under npm that means
 * that npm died before we could look, unless npm is the first process itself.
 */
export function watchParents(gone: () => void): void {
	const parent = process.ppid;
	if (parent <= 1) {
		const orphaned = process.env.npm_lifecycle_event !== undefined && !/npm|sh /.test(look(1)?.command ?? "npm");
		if (orphaned) gone();
		return;
	}
	const above = shellParent(parent);
	const timer = setInterval(() => {
		if (process.ppid === parent && (above === undefined || isParentOf(above, parent))) return;
		clearInterval(timer);
		gone();
	}, interval);
	// Watching is no reason to stay: what serves keeps the process alive.
	timer.unref();
}

/** The parent of `pid`, if `pid` is a shell that was started to run one command (`sh -c …`). */
function shellParent(pid: number): number | undefined {
	const ancestor = look(pid);
	if (ancestor === undefined || ancestor.parent <= 1) return undefined;
	return /^(?:\S*\/)?(?:sh|bash|dash|ash|zsh|ksh)\s+(?:-\S+\s+)*-\w*c\s/.test(ancestor.command)
		? ancestor.parent
		: undefined;
}

function isParentOf(above: number, pid: number): boolean {
	return process.platform === "linux" ? look(pid)?.parent === above : isAlive(above);
}

function isAlive(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch (error) {
		// Not ours to signal, but there.
		return error instanceof Error && "code" in error && error.code === "EPERM";
	}
}

function look(pid: number): Ancestor | undefined {
	try {
		return process.platform === "linux" ? lookInProc(pid) : lookByPs(pid);
	} catch {
		return undefined;
	}
}

function lookInProc(pid: number): Ancestor {
	// The second field, a name in parentheses, may hold spaces and parentheses itself: count from its end.
	const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
	const [, parent = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
	return { parent: Number(parent), command };
}

function lookByPs(pid: number): Ancestor {
	const line = execFileSync("ps", ["-o", "ppid=,command=", "-p", String(pid)], { encoding: "utf8" }).trim();
	const space = line.indexOf(" ");
	return { parent: Number(line.slice(0, space)), command: `${line.slice(space).trim()} ` };
}
