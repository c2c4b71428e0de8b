import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectFolder } from "../../tools/build.ts";
import { startPromiseServer } from "../helpers/promise-server.ts";

const run = promisify(execFile);
let folder: string;
let server: Awaited<ReturnType<typeof startPromiseServer>>;

/** As a user's shell has it: none of what npm scripts set, and PATH's own Node. */
const env = {
	...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:npm_|VITEST|NODE_|TEST$)/i.test(name))),
	PATH: (process.env.PATH ?? "")
		.split(delimiter)
		.filter((entry) => !entry.includes("node_modules"))
		.join(delimiter),
};

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "aerogram-package-"));
	server = await startPromiseServer();
	await run(process.execPath, ["node_modules/tsdown/dist/run.mjs", "--logLevel", "error"], { cwd: projectFolder });
	const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
		cwd: projectFolder,
		env,
	});
	const [packed] = Object.values(JSON.parse(stdout) as Record<string, { readonly filename: string }>);
	await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
	const tarball = join(folder, packed?.filename ?? "");
	await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball, "ws@8.23.0"], {
		cwd: folder,
		env,
	});
	await build({
		entryPoints: [join(projectFolder, "test/promises/run-installed.ts")],
		outfile: join(folder, "promises.mjs"),
		bundle: true,
		format: "esm",
		platform: "node",
		target: "node20",
		external: ["aerogram", "ws"],
		logLevel: "error",
	});
});
afterAll(async () => {
	await server?.stop();
	await rm(folder, { recursive: true, force: true });
});

test("the packed package holds only what is meant to be published and brings nothing else along", async () => {
	const installed = await readdir(join(folder, "node_modules"));
	expect(installed.filter((name) => !name.startsWith(".")).sort()).toEqual(["aerogram", "ws"]);
	const files = await readdir(join(folder, "node_modules", "aerogram"), { recursive: true });
	expect(files.sort()).toEqual([
		"CHANGELOG.md",
		"LICENSE",
		"README.md",
		"README.zh-CN.md",
		"dist",
		"dist/index.d.ts",
		"dist/index.js",
		"package.json",
	]);
});

test("the installed package keeps every promise under PATH's own Node, with ws passed in", async () => {
	const { stdout: version } = await run("node", ["--version"], { env });
	const target = JSON.stringify({ url: server.url, cuttableUrl: server.cuttableUrl, cutUrl: server.cutUrl });
	const { stdout } = await run("node", ["promises.mjs", target], { cwd: folder, env, timeout: 60_000 });
	const last = stdout.trim().split("\n").at(-1) ?? "";
	console.log(`Node ${version.trim()}: ${last}`);
	expect(version).toMatch(/^v2[0-9]\./);
	expect(stdout).not.toContain("✗");
	expect(Number(/^(\d+) kept, 0 broken$/.exec(last)?.[1])).toBeGreaterThanOrEqual(40);
});

test("without a WebSocket, the package says so with a code of its own", async () => {
	await writeFile(
		join(folder, "bare.mjs"),
		`import { Aerogram, isAerogramError } from "aerogram";
		delete globalThis.WebSocket;
		const client = new Aerogram(${JSON.stringify(server.url)});
		await client.space("s").channel("c").publish(1).catch((error) => console.log(isAerogramError(error), error.code));
		client.close();`,
	);
	const { stdout } = await run("node", ["bare.mjs"], { cwd: folder, env });
	expect(stdout.trim()).toBe("true no_websocket");
});
