import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { matchesOutput } from "../../tools/blocks/expectation.ts";

const project = join(import.meta.dirname, "../..");
let guide: string;

beforeEach(async () => {
	const port = await freePort();
	guide = readFileSync(join(import.meta.dirname, "fixtures/guide.md"), "utf8").replaceAll("PORT", String(port));
});

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	return typeof address === "object" && address ? address.port : 0;
}

/** A small project with a server and a built package, for a document to be about. */
function makeProject(documents: Readonly<Record<string, string>>): string {
	const root = mkdtempSync(join(tmpdir(), "aerogram-documents-"));
	onTestFinished(() => rmSync(root, { recursive: true }));
	const exports = { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } };
	writeFileSync(join(root, "package.json"), JSON.stringify({ name: "aerogram", type: "module", exports }));
	mkdirSync(join(root, "dist"));
	writeFileSync(join(root, "dist/index.js"), "export async function greet(name) { return `hello ${name}`; }\n");
	writeFileSync(join(root, "dist/index.d.ts"), "export declare function greet(name: string): Promise<string>;\n");
	writeFileSync(
		join(root, "server.mjs"),
		`import { mkdirSync } from "node:fs";
		import { createServer } from "node:http";
		mkdirSync(".aerogram");
		const answers = { "/": '{"status":"success","position":"k3abcdefgh:17"}\\r\\n', "/many": "first\\n1\\n2\\nlast\\n" };
		const server = createServer((request, response) => response.end(answers[request.url]));
		server.listen(Number(process.env.GUIDE_PORT), "127.0.0.1", () => {
			console.error("ready on http://127.0.0.1:" + server.address().port);
		});`,
	);
	symlinkSync(join(project, "node_modules"), join(root, "node_modules"));
	for (const [name, text] of Object.entries(documents)) writeFileSync(join(root, name), text);
	return root;
}

/** Runs documents as CI does. Answers the exit code, what was printed, and whether data was left behind. */
async function runDocuments(documents: Readonly<Record<string, string>>, options: readonly string[] = []) {
	const root = makeProject(documents);
	const script = join(project, "tools/readme-blocks.ts");
	const args = [script, "--installed", "--root", root, "--timeout", "20000", ...options, ...Object.keys(documents)];
	const port = /127\.0\.0\.1:(\d+)/.exec(Object.values(documents).join())?.[1] ?? "";
	const child = spawn(process.execPath, args, { env: { ...process.env, GUIDE_PORT: port } });
	let output = "";
	child.stdout.on("data", (chunk) => {
		output += chunk;
	});
	child.stderr.on("data", (chunk) => {
		output += chunk;
	});
	const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
	return { code, output, port: Number(port), leftData: existsSync(join(root, ".aerogram")) };
}

async function isListening(port: number): Promise<boolean> {
	return await fetch(`http://127.0.0.1:${port}/`).then(
		() => true,
		() => false,
	);
}

test("a document whose blocks are right passes, and its server and data are gone afterwards", async () => {
	const { code, output, port, leftData } = await runDocuments({ "guide.md": guide, "guide.zh-CN.md": guide });
	expect(output).toContain("· guide.md:42 sh not run: it would put a Worker into your account");
	expect(output).toContain("✓ guide.zh-CN.md holds the same 6 blocks as guide.md");
	expect(output).toContain("blocks: 6 passed, 0 failed, 1 not run");
	expect(code).toBe(0);
	expect(leftData).toBe(false);
	expect(await isListening(port)).toBe(false);
});

/** A document of one block and what it is to print. */
function oneBlock(language: string, code: string, expected: string): string {
	return ["# One block", "", `\`\`\`${language}`, code, "```", "", "```text", expected, "```", ""].join("\n");
}

describe("a document fails", () => {
	test.each([
		["when shell prints something else", oneBlock("sh", "echo 1; echo 2", "1\n3"), "guide.md:4 sh failed: expected"],
		[
			"when Python prints something else",
			oneBlock("python", "print('你')", "您"),
			"guide.md:4 python failed: expected",
		],
		["when TypeScript prints something else", oneBlock("ts", "console.log(1)", "2"), "guide.md:4 ts failed: expected"],
		["when TypeScript does not compile", oneBlock("ts", "const text: string = 1", "1"), "error TS2322"],
		["when a block ends with an error", oneBlock("sh", "echo 1; false", "1"), "guide.md:4 sh failed: ended with 1"],
		["when a block does not end", oneBlock("sh", "sleep 60", ""), "guide.md:4 sh failed: did not end in 1000 ms"],
		["when a language is spelled so that it is not run", oneBlock("py", "", ""), "line 4: py is not run here"],
		["when a fence names no language", oneBlock("", "", ""), "line 4: the block names no language"],
		["when it has no block that is run", "Nothing to run.\n", "blocks: 0 passed"],
	])("%s", async (_, document, finding) => {
		const { code, output } = await runDocuments(
			{ "guide.md": document },
			document.includes("sleep") ? ["--timeout", "1000"] : [],
		);
		expect(output).toContain(finding);
		expect(code).toBe(1);
	});

	test.each([
		["when its server does not start", "node server.mjs", "node absent.mjs", "guide.md:7 sh failed: ended"],
		["when what runs on prints something else", "tick 2\n", "tick 4\n", "guide.md:18 sh failed: expected, among"],
		[
			"when a reason is missing",
			"not run: it would put a Worker into your account",
			"not run",
			'neither "not run: <why>"',
		],
	])("%s, and leaves nothing running", async (_, from, to, finding) => {
		expect(guide).toContain(from);
		const { code, output, port, leftData } = await runDocuments({ "guide.md": guide.replace(from, to) });
		expect(output).toContain(finding);
		expect(code).toBe(1);
		expect(leftData).toBe(false);
		expect(await isListening(port)).toBe(false);
	});

	test("when its translation holds another block", async () => {
		const translation = guide.replace("小飞机 200", "小飞机 二百");
		const { code, output } = await runDocuments({ "guide.md": guide, "guide.zh-CN.md": translation });
		expect(output).toContain("✗ guide.zh-CN.md failed: line 51: the block differs from line 51 of the original");
		expect(code).toBe(1);
	});
});

describe("an expected output", () => {
	test.each([
		["<epoch>:<seq>", "k3abcdefgh:17", true],
		["<epoch>:<seq>", "k3:17", false],
		["a <number> b", "a -1.5 b", true],
		["a.c", "abc", false],
		["a\n…\nb", "a\nb", true],
		["a\n…\nb", "a\n1\n2\nb", true],
		["a\n…\nb", "a\n1\n2\nb\nc", false],
		["…\nb", "1\nb", true],
		["…\nb", "1\nc", false],
		["a\n…", "a\n1\n2", true],
		["<status>success</status>", "<status>success</status>", true],
		["a", "a\r\n\n", true],
		["a\nb", "a", false],
	])("%j against %j: %s", (expected, actual, matches) => {
		expect(matchesOutput(expected, actual)).toBe(matches);
	});
});
