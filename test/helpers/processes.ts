import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { until } from "./until.ts";

/** A process as the system shows it. */
export interface ProcessInfo {
	readonly pid: number;
	readonly parent: number;
	readonly group: number;
	readonly name: string;
}

/**
 * Every living process. One that has ended and only waits for its parent to ask about it is not alive; but while one of its
 * threads still ends, it has its files and ports.
 */
export function listProcesses(): ProcessInfo[] {
	if (process.platform !== "linux") return listByPs();
	return readdirSync("/proc")
		.filter((name) => /^\d+$/.test(name))
		.flatMap((pid) => {
			try {
				return look(Number(pid));
			} catch {
				return [];
			}
		});
}

function look(pid: number): ProcessInfo[] {
	const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
	// The name stands in parentheses and may hold some itself.
	const end = stat.lastIndexOf(")");
	const fields = stat.slice(end + 2).split(" ");
	const [state = "", parent, group] = fields;
	// proc(5): the third field is the state, the twentieth the number of threads.
	const threads = Number(fields[17]);
	const name = stat.slice(stat.indexOf("(") + 1, end);
	return "ZX".includes(state) && threads <= 1 ? [] : [{ pid, parent: Number(parent), group: Number(group), name }];
}

function listByPs(): ProcessInfo[] {
	const lines = execFileSync("ps", ["-axo", "pid=,ppid=,pgid=,stat=,comm="], { encoding: "utf8" }).trim().split("\n");
	return lines.flatMap((line) => {
		const [pid, parent, group, state = "", ...name] = line.trim().split(/\s+/);
		if (state.startsWith("Z")) return [];
		return { pid: Number(pid), parent: Number(parent), group: Number(group), name: name.join(" ") };
	});
}

/** A process and all that it started, and what those started. */
export function processTree(pid: number): ProcessInfo[] {
	const all = listProcesses();
	const tree = all.filter((candidate) => candidate.pid === pid);
	for (const member of tree) tree.push(...all.filter((candidate) => candidate.parent === member.pid));
	return tree;
}

/** The memory of the one runtime that a process started, in MiB, as the system counts it. */
export function residentMemory(pid: number): number {
	const [runtime, ...others] = processTree(pid).filter(({ name }) => name.startsWith("workerd"));
	if (runtime === undefined || others.length > 0) throw new Error(`${pid} has not one runtime`);
	const status = readFileSync(`/proc/${runtime.pid}/status`, "utf8");
	return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}

/** The living processes of a process group. */
export function processGroup(group: number): ProcessInfo[] {
	return listProcesses().filter((candidate) => candidate.group === group);
}

/**
 * Waits until the answer is yes, as `until` does.
 *
 * @returns how many milliseconds that took.
 * @throws when it is not yes after `within` milliseconds.
 */
export async function waitUntil(
	what: string,
	answer: () => boolean | Promise<boolean>,
	within = 10_000,
): Promise<number> {
	const started = performance.now();
	await until(answer, what, within);
	return performance.now() - started;
}

/**
 * Notes who listens on a port now; tells later whether that listener is gone. Asked of the system where it tells:
 * meanwhile the port may be another test's, for a server or at the near end of a connection.
 */
export function watchListener(port: number): () => Promise<boolean> {
	const known = listeners().get(port);
	if (known === undefined && process.platform === "linux") throw new Error(`nobody listens on port ${port}`);
	return () => {
		if (process.platform === "linux") {
			const now = listeners().get(port);
			return Promise.resolve(now === undefined || now !== known);
		}
		const server = createServer();
		return new Promise((resolve) => {
			server.once("error", () => resolve(false));
			server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
		});
	};
}

/** Every port that is listened on, and the inode of the socket that does. Empty where the system does not tell. */
function listeners(): ReadonlyMap<number, string> {
	if (process.platform !== "linux") return new Map();
	const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) =>
		readFileSync(file, "utf8").trim().split("\n").slice(1),
	);
	const fields = lines.map((line) => line.trim().split(/\s+/));
	// The state 0A is LISTEN; an address reads <hex address>:<hex port>; the tenth field is the inode.
	return new Map(
		fields
			.filter(([, , , state]) => state === "0A")
			.map(([, local = "", , , , , , , , inode = ""]) => [Number.parseInt(local.split(":")[1] ?? "", 16), inode]),
	);
}
