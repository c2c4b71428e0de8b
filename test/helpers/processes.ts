import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A process as the system shows it. */
export interface ProcessInfo {
	readonly pid: number;
	readonly parent: number;
	readonly group: number;
	readonly name: string;
}

/** Every living process. One that has ended and only waits for its parent to ask about it is not alive. */
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
	const [state = "", parent, group] = stat.slice(end + 2).split(" ");
	const name = stat.slice(stat.indexOf("(") + 1, end);
	return "ZX".includes(state) ? [] : [{ pid, parent: Number(parent), group: Number(group), name }];
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

/** The living processes of a process group. */
export function processGroup(group: number): ProcessInfo[] {
	return listProcesses().filter((candidate) => candidate.group === group);
}

/**
 * Asks again every 10 ms until the answer is yes.
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
	while (!(await answer())) {
		if (performance.now() - started > within) throw new Error(`not within ${within} ms: ${what}`);
		await sleep(10);
	}
	return performance.now() - started;
}

/**
 * Whether nobody listens on a port of this machine. Asked of the system where it tells: listening there to find out fails,
 * too, while some connection of another test happens to have that port at its near end.
 */
export function isPortFree(port: number): Promise<boolean> {
	if (process.platform === "linux") return Promise.resolve(!listeningPorts().has(port));
	const server = createServer();
	return new Promise((resolve) => {
		server.once("error", () => resolve(false));
		server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
	});
}

function listeningPorts(): ReadonlySet<number> {
	const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) =>
		readFileSync(file, "utf8").trim().split("\n").slice(1),
	);
	const fields = lines.map((line) => line.trim().split(/\s+/));
	// The state 0A is LISTEN; an address reads <hex address>:<hex port>.
	return new Set(
		fields.filter(([, , , state]) => state === "0A").map(([, local = ""]) => parseInt(local.split(":")[1] ?? "", 16)),
	);
}
