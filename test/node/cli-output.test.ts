import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, runShell } from "../helpers/cli.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

let server: LocalServer;

beforeAll(async () => {
	server = await serveHere();
	for (const args of [
		["pub", "output/chat", "1"],
		["put", "output/carts/a", '{"n":1}'],
	]) {
		expect(await runCli(args, { url: server.url })).toMatchObject({ code: 0, stderr: "" });
	}
});
afterAll(() => server.stop());

/** Commands that print something, and so can meet an output that takes nothing. */
const commands = [
	"pub output/chat 2",
	"sub output/chat --from start",
	"get output/carts",
	"get output/carts/a",
	"put output/carts/b '{}'",
	"--help",
];

describe("an output that nobody reads any more ends a command without a word, as done:", () => {
	test.concurrent.each(commands)("aerogram %s", async (command) => {
		// The pipe is closed long before the command writes into it.
		const line = `{ sleep 0.2; aerogram ${command}; echo "ended with $?" >&2; } | true`;
		expect(await runShell(line, { url: server.url })).toEqual({ code: 0, stdout: "", stderr: "ended with 0\n" });
	});
});

describe.skipIf(!existsSync("/dev/full"))("an output on a full disk is told in one line, with exit code 1:", () => {
	const told = "What is to be printed cannot be written (ENOSPC).\n";

	test.concurrent.each(commands)("aerogram %s", async (command) => {
		const result = await runShell(`aerogram ${command} > /dev/full`, { url: server.url });
		expect(result).toEqual({ code: 1, stdout: "", stderr: told });
	});

	test("and all that is to be published is published all the same", async () => {
		const line = "aerogram pub output/lines > /dev/full";
		const result = await runShell(line, { url: server.url, input: "1\n2\n3\n" });
		expect(result).toEqual({ code: 1, stdout: "", stderr: told });
		const { stdout } = await runCli(["sub", "output/lines", "--from", "start", "--count", "3"], { url: server.url });
		expect(stdout).toBe("1\n2\n3\n");
	});
});
