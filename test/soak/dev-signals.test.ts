import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { npmRunDev, type RunningCommand, startCommand } from "../helpers/dev-command.ts";
import { listProcesses, processTree, waitUntil, watchListener } from "../helpers/processes.ts";
import { copyTree, type TreeCopy } from "../helpers/tree-copy.ts";

/** How long anything may outlive the signal, in milliseconds. */
const mercy = 2_000;

let tree: TreeCopy;
beforeAll(async () => {
	tree = await copyTree();
});
afterAll(() => tree[Symbol.asyncDispose]());

const anywhere = ["--json", "--port", "0", "--tcp", "0", "--data"];

/** Waits until the command serves, ends it by `end`, and expects that nothing of it is left in time. */
async function expectToDie(dev: RunningCommand, end: () => void): Promise<number> {
	const { url, tcp } = await dev.ready;
	const family = processTree(dev.pid);
	expect(family.map(({ name }) => name)).toContain("workerd");
	const ports = [new URL(url).port, tcp?.split(":")[1]].map(Number);
	const listeners = ports.map((port) => ({ port, isGone: watchListener(port) }));
	end();
	const pids = new Set(family.map(({ pid }) => pid));
	const took = await waitUntil(
		`${family.map(({ name }) => name).join(", ")} end`,
		() => !listProcesses().some(({ pid }) => pids.has(pid)),
		mercy,
	);
	for (const { port, isGone } of listeners) expect(await isGone(), `nothing of it listens on port ${port}`).toBe(true);
	return Math.round(took);
}

describe("nothing of npm run dev lives 2 s after", () => {
	for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGKILL"] as const) {
		test(`${signal} to npm itself`, async () => {
			await using dev = npmRunDev(tree.folder, [...anywhere, join("data", signal, "npm")]);
			const took = await expectToDie(dev, () => process.kill(dev.pid, signal));
			console.log(`${signal} to npm: ${took} ms`);
		});

		test(`${signal} to its process group`, async () => {
			await using dev = npmRunDev(tree.folder, [...anywhere, join("data", signal, "group")]);
			const took = await expectToDie(dev, () => process.kill(-dev.pid, signal));
			console.log(`${signal} to the group: ${took} ms`);
		});
	}

	test("SIGKILL to the server alone, which has no chance to end the runtime itself", async () => {
		await using dev = npmRunDev(tree.folder, [...anywhere, "data/alone"]);
		await expectToDie(dev, () => {
			const runtime = processTree(dev.pid).find(({ name }) => name === "workerd");
			process.kill(runtime?.parent ?? 0, "SIGKILL");
		});
	});
});

describe("aerogram dev", () => {
	const program = [join("cli", "main.ts"), "dev", ...anywhere];

	test("ends when its parent is gone, though no signal reached it", async () => {
		const script = `require("node:child_process").spawn(process.execPath, process.argv.slice(1), { stdio: "inherit" })`;
		await using parent = startCommand(process.execPath, ["-e", script, "--", ...program, "data/parent"], tree.folder);
		await expectToDie(parent, () => process.kill(parent.pid, "SIGKILL"));
	});

	test("ends when the program above the shell that runs it is gone", async () => {
		const script = `require("node:child_process").spawn(
			"sh", ["-c", '"$0" "$@"; true', process.execPath, ...process.argv.slice(1)], { stdio: "inherit" })`;
		await using parent = startCommand(process.execPath, ["-e", script, "--", ...program, "data/shell"], tree.folder);
		await parent.ready;
		expect(processTree(parent.pid).map(({ name }) => name)).toContain("sh");
		await expectToDie(parent, () => process.kill(parent.pid, "SIGKILL"));
	});

	test("serves on with stdin at its end", async () => {
		await using dev = startCommand(process.execPath, [...program, "data/stdin"], tree.folder);
		const { url } = await dev.ready;
		expect((await fetch(`${url}/health`)).status).toBe(200);
	});
});
