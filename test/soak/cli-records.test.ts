import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CliOptions, runCli, runShell } from "../helpers/cli.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

let server: TestServer;

beforeAll(async () => {
	server = await startServer();
});
afterAll(() => server.stop());

/** Runs a command that must be done without a word; resolves to what it printed. */
async function done(args: readonly string[], options: CliOptions = {}): Promise<string> {
	const { code, stdout, stderr } = await runCli(args, { url: server.url, ...options });
	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
	return stdout;
}

/** Runs a command that the server must refuse with this code. */
async function refused(args: readonly string[], code: string): Promise<void> {
	const result = await runCli(args, { url: server.url });
	expect({ code: result.code, stdout: result.stdout }).toEqual({ code: 1, stdout: "" });
	expect(result.stderr).toMatch(new RegExp(`^${code}: [^\\n]+\\.\\n$`));
}

describe("aerogram put, get, patch and del", () => {
	test("write, read, change and delete a record", async () => {
		const etag = await done(["put", "cli/carts/c1", '{"items":["茶"],"coupon":"x"}']);
		expect(etag).toMatch(/^[a-z0-9]+:1\n$/);
		expect(await done(["get", "cli/carts/c1"])).toBe('{"items":["茶"],"coupon":"x"}\n');
		expect(await done(["patch", "cli/carts/c1", '{"coupon":null,"paid":true}'])).toMatch(/^[a-z0-9]+:2\n$/);
		expect(JSON.parse(await done(["get", "cli/carts/c1", "--json"]))).toEqual({
			id: "c1",
			rev: 2,
			updated: expect.any(Number),
			data: { items: ["茶"], paid: true },
			etag: etag.trim().replace(/1$/, "2"),
		});
		expect(await done(["del", "cli/carts/c1"])).toBe("");
		await refused(["get", "cli/carts/c1"], "not_found");
	});

	test("take data from stdin, over any number of lines", async () => {
		await done(["put", "cli/carts/piped"], { input: '{\n  "a": 1\n}\n' });
		await done(["patch", "cli/carts/piped", "-"], { input: '{"b":\n2}' });
		expect(await done(["get", "cli/carts/piped"])).toBe('{"a":1,"b":2}\n');
	});

	test("keep to conditions, with an ETag as it was printed or with its quotes", async () => {
		const first = (await done(["put", "cli/locks/door", '{"by":"me"}', "--if-absent"])).trim();
		await refused(["put", "cli/locks/door", '{"by":"you"}', "--if-absent"], "condition_failed");
		const second = (await done(["put", "cli/locks/door", '{"by":"us"}', "--if-match", first])).trim();
		await refused(["put", "cli/locks/door", "{}", "--if-match", first], "condition_failed");
		await refused(["patch", "cli/locks/door", "{}", "--if-match", first], "condition_failed");
		await refused(["del", "cli/locks/door", "--if-match", first], "condition_failed");
		await done(["del", "cli/locks/door", "--if-match", `"${second}"`]);
		await refused(["put", "cli/locks/door", "{}", "--if-match", "*"], "condition_failed");
	});

	test("print the whole record with --json, with when it expires", async () => {
		const record = JSON.parse(await done(["put", "cli/carts/short", "{}", "--ttl", "60", "--json"]));
		expect(record).toMatchObject({ id: "short", data: {}, etag: expect.stringMatching(/^[a-z0-9]+:\d+$/) });
		expect(record.expires).toBeGreaterThan(record.updated);
		expect(JSON.parse(await done(["patch", "cli/carts/short", '{"a":1}', "--json"]))).toMatchObject({ data: { a: 1 } });
	});

	test("say that a record is not there", async () => {
		await refused(["get", "cli/carts/none"], "not_found");
		await refused(["patch", "cli/carts/none", "{}"], "not_found");
		await refused(["del", "cli/carts/none"], "not_found");
	});
});

describe("aerogram get of a collection", () => {
	test("prints whole records, a line each, in the order of their ids; with --prefix only some", async () => {
		for (const id of ["b", "a:2", "a:1"]) await done(["put", `cli/list/${id}`, JSON.stringify({ id })]);
		const lines = async (...args: string[]) => (await done(["get", "cli/list", ...args])).trimEnd().split("\n");
		const records = (await lines()).map((line) => JSON.parse(line) as { readonly id: string; readonly data: unknown });
		expect(records.map(({ id }) => id)).toEqual(["a:1", "a:2", "b"]);
		for (const { id, data } of records) expect(data).toEqual({ id });
		expect(await lines("--prefix", "a")).toHaveLength(2);
		expect(await done(["get", "cli/list", "--prefix", "x"])).toBe("");
	});

	test("goes over its pages, and ends with its reader", async () => {
		const base = `${server.url}/v1/spaces/cli/collections/many`;
		for (let from = 0; from < 120; from += 20) {
			const writes = Array.from({ length: 20 }, (_, index) =>
				fetch(`${base}/${`${from + index}`.padStart(3, "0")}`, {
					method: "PUT",
					headers: { "content-type": "application/json" },
					body: "{}",
				}),
			);
			for (const { status } of await Promise.all(writes)) expect(status).toBe(201);
		}
		expect((await done(["get", "cli/many"])).trimEnd().split("\n")).toHaveLength(120);
		const { code, stdout, stderr } = await runShell("aerogram get cli/many | head -2", { url: server.url });
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(stdout.trimEnd().split("\n")).toHaveLength(2);
	});
});
