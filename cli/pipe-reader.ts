import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** How often we look, in milliseconds. */
const interval = 100;

/** What a look at every process found: a reader of our pipe, none, or some that we may not look at and that could be one. */
type Found = { readonly reader: string } | "none" | "unknown";

/**
 * Calls `gone` once when nobody reads the pipe that stdout is any more. A write would tell as much, but the next one may
 * be hours away, and poll(2), which knows, is not to be had in Node: so the processes are asked for who has the pipe open.
 * Works on Linux; elsewhere, and where no reader can be seen, it does nothing, and a write tells.
 */
export function watchPipeReader(gone: () => void): void {
	const pipe = process.platform === "linux" ? linkTo("/proc/self/fd/1") : undefined;
	if (!pipe?.startsWith("pipe:")) return;
	let found = findReader(pipe);
	if (typeof found === "string") return;
	const timer = setInterval(() => {
		if (typeof found === "object" && isReader(found.reader, pipe)) return;
		found = findReader(pipe);
		if (found !== "none") return;
		clearInterval(timer);
		gone();
	}, interval);
	// Watching is no reason to stay.
	timer.unref();
}

function findReader(pipe: string): Found {
	const session = look("self")?.session;
	let found: Found = "none";
	for (const pid of list("/proc") ?? []) {
		if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
		const descriptors = list(`/proc/${pid}/fd`);
		const reader = descriptors?.map((name) => `/proc/${pid}/fd/${name}`).find((path) => isReader(path, pipe));
		if (reader !== undefined) return { reader };
		if (descriptors) continue;
		// What another user runs cannot be looked at; of that, only what runs in our terminal or script can be at our pipe.
		const other = look(pid);
		if (other && other.session === session && !other.ended) found = "unknown";
	}
	return found;
}

/** Whether a descriptor is of this pipe, and open for reading: its link shows that as a permission (proc(5)). */
function isReader(path: string, pipe: string): boolean {
	try {
		return readlinkSync(path) === pipe && (lstatSync(path).mode & 0o400) !== 0;
	} catch {
		return false;
	}
}

function linkTo(path: string): string | undefined {
	try {
		return readlinkSync(path);
	} catch {
		return undefined;
	}
}

function list(folder: string): readonly string[] | undefined {
	try {
		return readdirSync(folder);
	} catch {
		return undefined;
	}
}

/** A process as its line shows it (proc(5)); the second field of that may hold spaces and parentheses itself. */
function look(pid: string): { readonly session: string | undefined; readonly ended: boolean } | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		const [state = "", , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		return { session, ended: "ZX".includes(state) };
	} catch {
		return undefined;
	}
}
