import { readdir } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { projectFolder } from "../../tools/build.ts";
import { type InstalledPackage, installPackage } from "../helpers/installed-package.ts";
import { startPromiseServer } from "../helpers/promise-server.ts";

let installed: InstalledPackage;
let server: Awaited<ReturnType<typeof startPromiseServer>>;

beforeAll(async () => {
	server = await startPromiseServer();
	installed = await installPackage(["ws@8.23.0"]);
});
afterAll(async () => {
	await server?.stop();
	await installed?.remove();
});

/** Runs a program in the folder under PATH's own Node; resolves to what it printed. */
async function runProgram(text: string): Promise<string> {
	await installed.write("program.mjs", text);
	return (await installed.run("node", ["program.mjs"])).stdout.trim();
}

/** What a program that imports `aerogram` so reaches when it is bundled for browsers. */
async function bundleForBrowsers(contents: string) {
	const { metafile } = await build({
		stdin: { contents, resolveDir: installed.folder },
		bundle: true,
		splitting: true,
		outdir: join(installed.folder, "bundled"),
		write: false,
		metafile: true,
		format: "esm",
		platform: "browser",
		logLevel: "error",
	});
	return {
		inputs: Object.keys(metafile.inputs).map((path) => path.slice(path.indexOf("aerogram/dist/"))),
		imports: Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path)),
	};
}

describe("the packed package", () => {
	test("holds only what is meant to be published, and brings nothing else along", async () => {
		const packages = await readdir(join(installed.folder, "node_modules"));
		expect(packages.filter((name) => !name.startsWith(".")).sort()).toEqual(["aerogram", "ws"]);
		const all = await readdir(join(installed.folder, "node_modules", "aerogram"), { recursive: true });
		expect(all.filter((path) => !path.startsWith("dist/chunks/")).sort()).toEqual([
			"CHANGELOG.md",
			"LICENSE",
			"README.md",
			"README.zh-CN.md",
			"cli",
			"cli/aerogram.js",
			"dist",
			"dist/chunks",
			"dist/cli.js",
			"dist/contract.d.ts",
			"dist/contract.js",
			"dist/index.d.ts",
			"dist/index.js",
			"dist/msgpack.d.ts",
			"dist/msgpack.js",
			"dist/node.d.ts",
			"dist/node.js",
			"dist/queue.d.ts",
			"dist/queue.js",
			"dist/server.d.ts",
			"dist/server.js",
			"package.json",
		]);
		const chunks = all.filter((path) => path.startsWith("dist/chunks/"));
		expect(chunks.filter((path) => !/\.(?:js|d\.ts)$/.test(path))).toEqual([]);
	});

	test("each of its subpaths can be imported, and no other", async () => {
		const names = await runProgram(`
			for (const path of ["aerogram", "aerogram/node", "aerogram/msgpack", "aerogram/contract", "aerogram/queue", "aerogram/server"]) {
				console.log(path, Object.keys(await import(path)).join(" "));
			}
			console.log(await import("aerogram/dist/index.js").catch(({ code }) => code));
		`);
		expect(names.split("\n")).toEqual([
			"aerogram Aerogram AerogramError isAerogramError",
			"aerogram/node AerogramError connect isAerogramError",
			"aerogram/msgpack messagePack",
			"aerogram/contract defineContract",
			"aerogram/queue openQueue",
			"aerogram/server AerogramError isAerogramError mintToken",
			"ERR_PACKAGE_PATH_NOT_EXPORTED",
		]);
	});

	test("its types compile strictly, in a project that has no types of Node", async () => {
		await installed.write(
			"program.ts",
			`import { Aerogram, type CollectionRecord, isAerogramError } from "aerogram";
			import { defineContract, type StandardSchema } from "aerogram/contract";
			import { messagePack } from "aerogram/msgpack";
			import { connect } from "aerogram/node";
			import { mintToken } from "aerogram/server";

			declare const schema: StandardSchema<{ text: string }, { text: string; length: number }>;
			const contract = defineContract({ channels: { "chat:*": schema } });
			const typed = new Aerogram<typeof contract>("https://edge.example.com").space("s").channel("chat:1");
			await typed.publish({ text: "hello" });
			for await (const { data } of typed.subscribe()) data.length satisfies number;

			const capabilities = [{ allow: ["publish", "subscribe"], on: "s/channels/**" }] as const;
			const token = () => mintToken("main:secret", { sub: "user:42", capabilities, ttl: 60 });
			const client = new Aerogram("https://edge.example.com", { codec: messagePack, token });
			const carts = client.space("s").collection<{ items: string[]; note?: string }>("carts");
			const cart: CollectionRecord<{ items: string[] }> | undefined = await carts.get("c1");
			await carts.patch("c1", { note: null }, { ifMatch: cart?.etag });
			const stored = await client.space("s").transaction((tx) => tx.put("carts", "c1", { items: [] }));
			const lock = await client.space("s").lock(stored.tx, { ttl: 10 });
			await carts.put("c1", { items: [] }, { lock }).finally(() => lock[Symbol.asyncDispose]());
			const { status } = await client.http.get("/v1/spaces", { query: { limit: 1 } });
			const connection = await connect("127.0.0.1", 9999, { encoding: "gbk" });
			for await (const each of connection) if (each === status) connection.close();
			await connection.exchange({}).catch((error: unknown) => isAerogramError(error) && error.state?.head);
			`,
		);
		const compilerOptions = {
			strict: true,
			exactOptionalPropertyTypes: true,
			skipLibCheck: false,
			noEmit: true,
			target: "ES2022",
			lib: ["ES2022", "DOM"],
			module: "NodeNext",
			types: [],
		};
		await installed.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["program.ts"] }));
		const compiler = join(projectFolder, "node_modules/typescript/bin/tsc");
		const { stdout } = await installed.run("node", [compiler, "-p", "."]);
		expect(stdout).toBe("");
	});

	test("for browsers it reaches no module of Node, and MessagePack only where that is imported", async () => {
		const plain = await bundleForBrowsers('import { Aerogram } from "aerogram"; new Aerogram(location.href);');
		expect(plain.inputs).toContain("aerogram/dist/chunks/over-http.js");
		expect(plain.imports.filter((path) => path.startsWith("node:"))).toEqual([]);
		expect(plain.inputs.filter((path) => /msgpack|contract|node\.js|cli\.js/.test(path))).toEqual([]);
		const packed = await bundleForBrowsers('export { Aerogram } from "aerogram"; export * from "aerogram/msgpack";');
		expect(packed.inputs).toContain("aerogram/dist/msgpack.js");
		expect(packed.imports.filter((path) => path.startsWith("node:"))).toEqual([]);
	});
});

describe("the installed package, under PATH's own Node", () => {
	test("speaks over HTTP where there is no WebSocket, and says so with a code where one is wanted", async () => {
		const printed = await runProgram(`
			import { Aerogram, isAerogramError } from "aerogram";
			delete globalThis.WebSocket;
			const client = new Aerogram(${JSON.stringify(server.url)});
			const channel = client.space("package").channel("bare");
			const { seq } = await channel.publish("你好");
			for await (const { data } of channel.subscribe({ from: "start" })) {
				console.log(seq, data);
				break;
			}
			client.close();
			const picky = new Aerogram(${JSON.stringify(server.url)}, { transport: "websocket" });
			const error = await picky.space("s").channel("c").publish(1).catch((error) => error);
			console.log(isAerogramError(error), error.code);
			picky.close();
		`);
		expect(printed).toBe("1 你好\ntrue no_websocket");
	});

	test("speaks MessagePack when it is asked to", async () => {
		const printed = await runProgram(`
			import { Aerogram } from "aerogram";
			import { messagePack } from "aerogram/msgpack";
			import { WebSocket } from "ws";
			let binary = 0;
			class Counting extends WebSocket {
				send(data) {
					if (typeof data !== "string") binary += 1;
					super.send(data);
				}
			}
			const client = new Aerogram(${JSON.stringify(server.url)}, { WebSocket: Counting, codec: messagePack });
			const { seq } = await client.space("package").channel("packed").publish({ text: "你好", list: [1, 2.5, null] });
			const { data } = await client.http.get("/v1/spaces/package/channels/packed/messages/" + seq);
			console.log(binary > 0, JSON.stringify(data.data));
			client.close();
		`);
		expect(printed).toBe('true {"text":"你好","list":[1,2.5,null]}');
	});

	test("keeps records, and speaks raw TCP", async () => {
		const echo = createServer((socket) => socket.pipe(socket));
		await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
		onTestFinished(() => void echo.close());
		const printed = await runProgram(`
			import { Aerogram } from "aerogram";
			import { connect } from "aerogram/node";
			import { mintToken } from "aerogram/server";
			const client = new Aerogram(${JSON.stringify(server.url)});
			const planes = client.space("package").collection("planes");
			const { etag } = await planes.put("a", { name: "小飞机" });
			const refused = await planes.put("a", {}, { ifNoneMatch: "*" }).catch((error) => error);
			console.log(refused.code, refused.etag === etag, (await planes.get("a")).data.name);
			for (const encoding of ["utf-8", "gbk"]) {
				const connection = await connect("127.0.0.1", ${(echo.address() as AddressInfo).port}, { encoding });
				console.log(JSON.stringify(await connection.exchange({ name: "小飞机" })));
				connection.close();
			}
		`);
		expect(printed.split("\n")).toEqual(["condition_failed true 小飞机", '{"name":"小飞机"}', '{"name":"小飞机"}']);
	});

	test("is a command, which speaks to a server", async () => {
		const aerogram = (...args: string[]) =>
			installed.run("npx", ["--no", "--", "aerogram", ...args, "--to", server.url]);
		const { stdout: position } = await aerogram("pub", "package/command", '{"text":"你好"}');
		expect(position).toMatch(/^[a-z0-9]+:1\n$/);
		const { stdout: messages } = await aerogram("sub", "package/command", "--from", "start", "--count", "1");
		expect(messages).toBe('{"text":"你好"}\n');
		await aerogram("put", "package/planes/b", '{"name":"b"}');
		expect((await aerogram("get", "package/planes/b")).stdout).toBe('{"name":"b"}\n');
	});

	test("is a command whose server says where it is to be had, and whose help needs nothing", async () => {
		const aerogram = (...args: string[]) => installed.run("npx", ["--no", "--", "aerogram", ...args]);
		const refusal: unknown = await aerogram("dev").catch((error) => error);
		expect(refusal).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/[^\n]+npm run dev\.\n$/) });
		expect((await aerogram("--help")).stdout).toContain("aerogram help <command>");
		expect((await aerogram("help", "dev")).stdout).toContain("--port");
	});
});
