import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { runCli } from "../helpers/cli.ts";
import { curl } from "../helpers/curl.ts";
import { npmRunDev } from "../helpers/dev-command.ts";
import { waitUntil } from "../helpers/processes.ts";
import { startServer } from "../helpers/server.ts";
import { copyTree } from "../helpers/tree-copy.ts";

const run = promisify(execFile);

test("the authority stays over a restart, and the certificate of the server is a new one", async () => {
	await using own = await startServer({ args: ["--https"] });
	const file = join(own.dataDir, "https", "ca.pem");
	const authority = await readFile(file, "utf8");
	const first = await certificateOf(own.url, file);
	await own.restart();
	expect(await readFile(file, "utf8")).toBe(authority);
	const second = await certificateOf(own.url, file);
	expect(second).not.toBe(first);
	expect((await curl("--cacert", file, `${own.url}/health`)).code).toBe(0);
});

test("an authority that cannot be used is made anew", async () => {
	await using own = await startServer({ args: ["--https"] });
	const file = join(own.dataDir, "https", "ca.pem");
	const before = await readFile(file, "utf8");
	await using other = await startServer({ args: ["--https"] });
	// Another data folder's certificate, which is not that of the key here.
	const foreign = await readFile(join(other.dataDir, "https", "ca.pem"), "utf8");
	await writeFile(file, foreign);
	await own.restart();
	expect([before, foreign]).not.toContain(await readFile(file, "utf8"));
	expect((await curl("--cacert", file, `${own.url}/health`)).code).toBe(0);
});

test("--json names the authority, and the address is https", async () => {
	await using tree = await copyTree();
	const args = ["--json", "--https", "--port", "0", "--tcp", "0", "--data", "data"];
	await using dev = npmRunDev(tree.folder, args);
	const line = await dev.ready;
	expect(line).toEqual({
		url: expect.stringMatching(/^https:\/\/localhost:\d+$/),
		tcp: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
		data: join(tree.folder, "data"),
		ca: join(tree.folder, "data", "https", "ca.pem"),
	});
});

test("the commands speak to it with the authority, and say which one is missing without", async () => {
	await using server = await startServer({ args: ["--https"] });
	const ca = join(server.dataDir, "https", "ca.pem");
	const trusting = { url: server.url, env: { NODE_EXTRA_CA_CERTS: ca } };
	expect(await runCli(["pub", "https/commands", "1"], trusting)).toMatchObject({ code: 0, stderr: "" });
	const printed = await runCli(["sub", "https/commands", "--from", "start", "--count", "1"], trusting);
	expect(printed).toEqual({ code: 0, stdout: "1\n", stderr: "" });
	for (const args of [["pub", "https/commands", "1"], ["sub", "https/commands"], ["get", "https/carts"], ["tcp"]]) {
		const { code, stdout, stderr } = await runCli(args, { url: server.url });
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		expect(stderr).toMatch(
			/^https:\S+ is not trusted \([^\n]*\): name its authority with NODE_EXTRA_CA_CERTS=[^\n]*\n$/,
		);
	}
});

test("a change of the sources is served at the same address", async () => {
	await using tree = await copyTree();
	await using dev = npmRunDev(tree.folder, ["--json", "--https", "--port", "0", "--tcp", "off", "--data", "data"]);
	const { url, data } = await dev.ready;
	const file = join(tree.folder, "aerogram.config.ts");
	await writeFile(file, (await readFile(file, "utf8")).replace(/greeting: ".*"/, 'greeting: "Changed"'));
	const asked = ["--cacert", join(data, "https", "ca.pem"), "--header", "accept: application/json", url];
	await waitUntil("the change is served", async () => (await curl(...asked)).output.includes("Changed"));
});

test("a person is told what to trust and the very line to try", async () => {
	await using tree = await copyTree();
	await using dev = npmRunDev(tree.folder, ["--https", "--port", "0", "--tcp", "0", "--data", "my data"]);
	await waitUntil("the greeting is complete", () => dev.stdout().includes("Ctrl-C"));
	expect(dev.stdout()).toContain(join(tree.folder, "my data", "https", "ca.pem"));
	const line = /^ *(curl --cacert .*\/health)$/m.exec(dev.stdout())?.[1];
	const { stdout } = await run("sh", ["-c", `${line} --silent`]);
	expect(stdout).toContain('"status":"ok"');
});

/** The certificate that a server shows, in PEM. */
async function certificateOf(url: string, authority: string): Promise<string> {
	const { host } = new URL(url);
	const asked = run("openssl", ["s_client", "-connect", host, "-CAfile", authority]);
	asked.child.stdin?.end();
	const pem = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/s.exec((await asked).stdout)?.[0];
	if (pem === undefined) throw new Error("the server showed no certificate");
	return pem;
}
