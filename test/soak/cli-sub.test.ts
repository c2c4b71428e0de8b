import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cliProgram, finish, runCli, runShell, startCli } from "../helpers/cli.ts";
import { headOf, publishAll } from "../helpers/http.ts";
import { waitUntil } from "../helpers/processes.ts";
import { runPythonJson } from "../helpers/python.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

let server: TestServer;
let url: string;

beforeAll(async () => {
	server = await startServer({ env: { AEROGRAM_DURATION_SCALE: "0.1" } });
	url = server.url;
});
afterAll(() => server.stop());

function channelUrl(channel: string): string {
	return `${url}/v1/spaces/sub/channels/${channel}`;
}

function publish(channel: string, ...values: readonly unknown[]): Promise<string> {
	return publishAll(`${channelUrl(channel)}/messages`, values);
}

/** Starts `aerogram sub`; its lines come into a list as they are printed. */
function listen(channel: string, ...args: readonly string[]) {
	const child = startCli(["sub", `sub/${channel}`, ...args], { url });
	let output = "";
	child.stdout.on("data", (chunk: Buffer) => {
		output += chunk.toString();
	});
	const lines = () => output.split("\n").slice(0, -1);
	return { child, lines, result: finish(child) };
}

describe("aerogram sub", () => {
	test("prints the data of each message as a line of JSON, from the start and then as they come", async () => {
		await publish("chat", { text: "你好\n" }, "two", null);
		const { lines, result } = listen("chat", "--from", "start", "--count", "5");
		await waitUntil("the first three", () => lines().length === 3);
		await publish("chat", 1.5, [1, [2]]);
		expect(await result).toEqual({ code: 0, stderr: "", stdout: '{"text":"你好\\n"}\n"two"\nnull\n1.5\n[1,[2]]\n' });
	});

	test("with --json prints the whole message, with its position", async () => {
		await publish("whole", 1);
		const { stdout } = await runCli(["sub", "sub/whole", "--from", "start", "--count", "1", "--json"], { url });
		expect(JSON.parse(stdout)).toEqual({
			position: await headOf(channelUrl("whole")),
			seq: 1,
			ts: expect.any(Number),
			id: expect.any(String),
			from: "anonymous",
			data: 1,
		});
	});

	test("prints what is published from now on when nothing else is asked for", async () => {
		await publish("live", "before");
		const { lines, result } = listen("live", "--count", "1");
		// Until the subscription stands, what is published is not for it.
		for (let turn = 0; lines().length === 0; turn++) {
			await publish("live", `after ${turn}`);
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		expect((await result).stdout).toMatch(/^"after \d+"\n$/);
	});

	test("starts at the last so many, at a time, and after a position", async () => {
		const at = await publish("starts", 1, 2, 3);
		await new Promise((resolve) => setTimeout(resolve, 5));
		const time = new Date().toISOString();
		await publish("starts", 4, 5);
		const from = (start: string, count: number) =>
			runCli(["sub", "sub/starts", "--from", start, "--count", `${count}`], { url });
		expect((await from("last:3", 3)).stdout).toBe("3\n4\n5\n");
		expect((await from(`since:${time}`, 2)).stdout).toBe("4\n5\n");
		expect((await from(at, 2)).stdout).toBe("4\n5\n");
	});

	test("goes on over a kill of the server, with no gap and no double", async () => {
		const { lines, result } = listen("kill", "--from", "start", "--count", "30");
		await publish("kill", ...Array.from({ length: 10 }, (_, index) => index));
		await waitUntil("the first ten", () => lines().length === 10);
		for (const first of [10, 20]) {
			await server.restart();
			await publish("kill", ...Array.from({ length: 10 }, (_, index) => first + index));
			await waitUntil("ten more", () => lines().length === first + 10, 30_000);
		}
		const { code, stderr, stdout } = await result;
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(stdout).toBe(Array.from({ length: 30 }, (_, index) => `${index}\n`).join(""));
	});

	test("tells of what could not be replayed, on stderr, and goes on", async () => {
		const at = await publish("gap", 1, 2);
		expect((await fetch(channelUrl("gap"), { method: "DELETE" })).status).toBe(204);
		await publish("gap", 3);
		const before = at.replace(/:2$/, ":1");
		const { code, stdout, stderr } = await runCli(["sub", "sub/gap", "--from", before, "--count", "1"], { url });
		expect({ code, stdout }).toEqual({ code: 0, stdout: "3\n" });
		expect(stderr).toMatch(/^Some messages could not be replayed \(\w+\): those between \S+:1 and \S+:2\.\n$/);
	});
});

describe("in a pipe", () => {
	test("aerogram sub | head -1 ends by itself, though nothing more is published", async () => {
		await publish("head", "only one");
		const { code, stdout, stderr } = await runShell("aerogram sub sub/head --from start | head -1", { url });
		expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '"only one"\n', stderr: "" });
	});

	test("it exits with 0 when its reader leaves in the middle of many", async () => {
		await publish("many", ...Array.from({ length: 500 }, (_, index) => index));
		const line = "{ aerogram sub sub/many --from start; echo $? >&2; } | head -3";
		expect(await runShell(line, { url })).toEqual({ code: 0, stdout: "0\n1\n2\n", stderr: "0\n" });
	});

	test("and its socket is closed then", async () => {
		await publish("closed", 1);
		const before = await sockets();
		await runShell("aerogram sub sub/closed --from start | head -1", { url });
		await waitUntil("the socket is gone", async () => (await sockets()) === before);
	});

	test("what it prints goes into pub as it is", async () => {
		await publish("from", { a: 1 }, "b", 3);
		const line = "aerogram sub sub/from --from start --count 3 | aerogram pub sub/into";
		expect((await runShell(line, { url })).stdout.trimEnd().split("\n")).toHaveLength(3);
		const { stdout } = await runCli(["sub", "sub/into", "--from", "start", "--count", "3"], { url });
		expect(stdout).toBe('{"a":1}\n"b"\n3\n');
	});

	async function sockets(): Promise<number> {
		const info = (await (await fetch(`${url}/v1/spaces/sub`)).json()) as { readonly sockets: number };
		return info.sockets;
	}
});

describe("signals", () => {
	test.each([
		["SIGINT", 130],
		["SIGTERM", 143],
		["SIGHUP", 129],
	] as const)("%s ends it with %d and no word", async (signal, code) => {
		await publish("signal", 1);
		const { child, lines, result } = listen("signal", "--from", "start");
		await waitUntil("it listens", () => lines().length > 0);
		child.kill(signal);
		expect(await result).toMatchObject({ code, stderr: "" });
	});
});

describe("on a terminal", () => {
	interface Seen {
		readonly code: number;
		readonly stdout: string;
		readonly screen: string;
	}

	/** Runs a command whose stderr is a terminal. `until` is what it shows when it has been watched long enough. */
	function onTerminal(args: readonly string[], more: { readonly input?: string; readonly until?: string }) {
		return runPythonJson<Seen>("terminal.py", [], { argv: [...cliProgram, ...args, "--to", url], ...more });
	}

	test("sub says what it waits for, and Ctrl-C ends it with 130", async () => {
		const seen = await onTerminal(["sub", "sub/terminal"], { until: "Ctrl-C ends it" });
		const screen = "Waiting for messages on sub/terminal. Ctrl-C ends it; --from start shows what is kept.\r\n";
		expect(seen).toEqual({ code: 130, stdout: "", screen });
	});

	test("pub counts what it has published, in plain characters", async () => {
		const { code, stdout, screen } = await onTerminal(["pub", "sub/terminal"], { input: "1\n2\n3\n" });
		expect({ code, positions: stdout.trim().split("\n").length }).toEqual({ code: 0, positions: 3 });
		expect(screen).toMatch(/^(?:\r\d published)*\r3 published\r\n$/);
	});

	test("in a pipe neither says a word", async () => {
		const { stderr } = await runCli(["pub", "sub/terminal"], { url, input: "1\n2\n3\n" });
		expect(stderr).toBe("");
		expect((await runCli(["sub", "sub/terminal", "--from", "start", "--count", "1"], { url })).stderr).toBe("");
	});
});
