import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";
import { connectWire } from "../helpers/wire.ts";

const traced = canTrace();
let server: Awaited<ReturnType<typeof startServer>>;
let tracer: ChildProcess | undefined;
let folder: string;

const trace = () => readFileSync(join(folder, "trace"), "utf8").split("\n");
const isSync = (line: string) => /\bf(?:data)?sync\(\d+\)\s+= 0|<\.\.\. f(?:data)?sync resumed>/.test(line);

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), "aerogram-trace-"));
	server = await startServer();
	if (!traced) return;
	const calls = "trace=fsync,fdatasync,write,writev,sendmsg,sendto";
	tracer = spawn("strace", [
		"-f",
		"-s",
		"4000",
		"-e",
		calls,
		"-o",
		join(folder, "trace"),
		"-p",
		String(workerdOf(server.pid)),
	]);
	let attached = "";
	tracer.stderr?.on("data", (chunk) => {
		attached += chunk;
	});
	await until(() => /attached/.test(attached), "strace to attach");
});

afterAll(async () => {
	tracer?.kill("SIGINT");
	await server?.stop();
	rmSync(folder, { recursive: true, force: true });
});

test.skipIf(!traced)("a lone publish is synced to disk before its acknowledgement leaves", async () => {
	const wire = await connectWire(server.url, "traced", "lone");
	await wire.ask({ t: "pub", ref: 1, ch: "chat", n: 0, prev: -1, data: "first" });
	for (let n = 1; n <= 5; n++) {
		const before = trace().length;
		await wire.ask({ t: "pub", ref: 770_000 + n, ch: "chat", n, prev: n - 1, data: n });
		await until(() => acknowledgement(n, before) >= 0, "the acknowledgement in the trace");
		const sync = trace().findIndex((line, index) => index >= before - 1 && isSync(line));
		expect(sync).toBeGreaterThanOrEqual(0);
		expect(sync).toBeLessThan(acknowledgement(n, before));
	}
	wire.close();
});

test.skipIf(!traced)("64 publishes in one frame cost one to three syncs", async () => {
	const wire = await connectWire(server.url, "traced", "many");
	await wire.ask({ t: "pub", ref: 1, ch: "chat", n: 0, prev: -1, data: "first" });
	await new Promise((resolve) => setTimeout(resolve, 100));
	const before = trace().filter(isSync).length;
	const answers = new Set<number>();
	wire.onEnvelopes = (envelopes) => {
		for (const each of envelopes) if (each.type === "published") answers.add(each.ref);
	};
	wire.send(
		Array.from({ length: 64 }, (_, index) => ({
			t: "pub",
			ref: 100 + index,
			ch: "chat",
			n: index + 1,
			prev: index,
			data: index,
		})),
	);
	await until(() => answers.size === 64, "64 acknowledgements");
	await new Promise((resolve) => setTimeout(resolve, 100));
	const syncs = trace().filter(isSync).length - before;
	console.log(`64 publishes in one frame: ${syncs} syncs`);
	expect(syncs).toBeGreaterThanOrEqual(1);
	expect(syncs).toBeLessThanOrEqual(3);
	wire.close();
});

/** The line in which the answer to publish `n` leaves. */
function acknowledgement(n: number, from: number): number {
	return trace().findIndex((line, index) => index >= from - 1 && line.includes(`\\"ref\\":${770_000 + n},\\"seq\\"`));
}

/** Linux with strace and the right to use it; elsewhere the two tests are skipped, and in CI that is an error. */
function canTrace(): boolean {
	try {
		execFileSync("strace", ["-V"], { stdio: "ignore" });
		return process.platform === "linux";
	} catch {
		if (process.env.CI) throw new Error("There is no strace, and in CI nothing may be skipped.");
		console.log("There is no strace here: that the disk is synced before an acknowledgement is not shown.");
		return false;
	}
}

/** The workerd process below a server process. */
function workerdOf(pid: number): number {
	const parents = new Map<number, number>();
	const names = new Map<number, string>();
	for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
		try {
			const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
			names.set(Number(entry), stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")));
			parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
		} catch {
			// It ended while we looked.
		}
	}
	const isBelow = (child: number): boolean =>
		child === pid || (parents.has(child) && child > 1 && isBelow(parents.get(child) ?? 0));
	const found = [...names].find(([each, name]) => name.startsWith("workerd") && isBelow(each));
	if (!found) throw new Error(`no workerd below ${pid}`);
	return found[0];
}
