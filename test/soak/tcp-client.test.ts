import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { connect, isAerogramError, type TcpOptions } from "../../sdk/node/index.ts";
import { readMessages } from "../helpers/http.ts";
import { startPython } from "../helpers/python.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

/** Starts a Python server of `test/python/`, and connects to it. */
async function connectToPython(program: string, args: readonly string[], options: TcpOptions = {}) {
	const server = startPython(program, args);
	onTestFinished(() => server.kill());
	const connection = await connect("127.0.0.1", Number(await server.firstLine), options);
	onTestFinished(() => connection.close());
	return connection;
}

/** Starts a server that does with its one client what the test says, and connects to it. */
async function connectTo(serve: (socket: Socket) => void, options: TcpOptions = {}) {
	const server = createServer((socket) => {
		socket.on("error", () => {});
		serve(socket);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const connection = await connect("127.0.0.1", (server.address() as AddressInfo).port, options);
	onTestFinished(() => {
		connection.close();
		server.close();
	});
	return connection;
}

/** All that arrives, until the server ends. */
async function all(arriving: AsyncIterable<Json>): Promise<Json[]> {
	const arrived: Json[] = [];
	for await (const each of arriving) arrived.push(each);
	return arrived;
}

describe("aerogram's own port", () => {
	let server: TestServer;
	beforeAll(async () => {
		server = await startServer();
	});
	afterAll(() => server?.stop());

	const open = (options?: TcpOptions) => connect(server.tcp.host, server.tcp.port, options);

	test("greets who stays silent, and answers each exchange in order", async () => {
		const connection = await open();
		onTestFinished(() => connection.close());
		expect(await connection.greeting()).toMatch(/^Welcome/);
		const names = Array.from({ length: 50 }, (_, index) => `飞机-${index}`);
		const replies = await Promise.all(names.map((name) => connection.exchange({ name, message: "你好" })));
		for (const [index, reply] of replies.entries()) {
			expect(reply).toMatchObject({ status: "success", message: expect.stringContaining(names[index] ?? "") });
		}
		const stored = await readMessages(`${server.url}/v1/spaces/default/channels/exchange/messages`);
		expect(stored.slice(-50).map(({ data }) => (data as { name: string }).name)).toEqual(names);
	});

	test.each(["json", "xml", "packet"] as const)("takes an exchange as %s, and a list of them", async (format) => {
		const connection = await open({ format });
		onTestFinished(() => connection.close());
		const one = { name: `as <${format}>`, message: "ok" };
		expect(await connection.exchange(one)).toMatchObject({ status: "success" });
		if (format !== "xml") expect(await connection.exchange([one, one])).toHaveLength(2);
		expect(await connection.exchange(one)).toMatchObject({ status: "success" });
	});

	test("refuses by a code of the table, and goes on", async () => {
		const connection = await open();
		onTestFinished(() => connection.close());
		const error: unknown = await connection.exchange({ name: 3 }).catch((thrown) => thrown);
		expect(isAerogramError(error) && error.code).toBe("bad_request");
		await expect(connection.exchange({ name: () => 1, message: undefined })).rejects.toMatchObject({
			code: "bad_request",
		});
		await expect(connection.exchange(() => 1)).rejects.toMatchObject({ code: "not_json" });
		expect(await connection.exchange({ name: "after", message: "all" })).toMatchObject({ status: "success" });
	});

	test("answers what was sent before the end of our side", async () => {
		const connection = await open();
		await connection.send({ name: "a", message: "1" });
		await connection.send({ name: "b", message: "2" });
		connection.end();
		expect(await all(connection)).toMatchObject([{ status: "success" }, { status: "success" }]);
		expect(await connection.receive()).toBeUndefined();
		await expect(connection.send({ name: "c", message: "3" })).rejects.toMatchObject({ code: "network" });
	});
});

describe("a plain Python server that greets and closes", () => {
	test.each([
		["a line", "welcome to the python server\r\n", "welcome to the python server"],
		["a line of its own end", "欢迎\n", "欢迎"],
		["text without a line end", "你好,{客户端} [1]", "你好,{客户端} [1]"],
	])("its greeting is read: %s", async (_, text, greeting) => {
		const connection = await connectToPython("greets.py", [text]);
		expect(await connection.greeting()).toBe(greeting);
		expect(await connection.receive()).toBeUndefined();
	});

	test("a greeting without a line end is read though the server waits", async () => {
		const connection = await connectToPython("greets.py", ["hello", "wait"]);
		expect(await connection.greeting()).toBe("hello");
		await connection.write("bye");
	});

	test("a greeting in GBK is read where that is said, and refused where it is not", async () => {
		const connection = await connectToPython("greets.py", ["你好,客户端!\r\n", "gbk"], { encoding: "gbk" });
		expect(await connection.greeting()).toBe("你好,客户端!");
		const other = await connectToPython("greets.py", ["你好,客户端!\r\n", "gbk"]);
		await expect(other.greeting()).rejects.toMatchObject({
			code: "bad_encoding",
			message: expect.stringContaining("gbk"),
		});
	});

	test("several lines are iterated to the end", async () => {
		const connection = await connectToPython("greets.py", ['one\r\n\r\ntwo\n{"three":3}\nfour']);
		expect(await all(connection)).toEqual(["one", "two", { three: 3 }, "four"]);
	});
});

describe("a plain Python server that reads JSON and answers JSON", () => {
	test.each([[[]], [["line"]], [["pieces"]], [["pieces", "line"]], [["greet"]], [["greet", "line", "pieces"]]])(
		"is asked and answers, whatever its way of writing: %j",
		async (args) => {
			const connection = await connectToPython("answers.py", args);
			for (const name of ["小飞机", '"quoted"']) {
				expect(await connection.exchange({ name, message: "你好" })).toEqual({
					status: "success",
					message: `收到 ${name} {}\\ [] 好`,
				});
			}
		},
	);

	test("in GBK, too, whose characters hold the bytes of brackets and quotes", async () => {
		const connection = await connectToPython("answers.py", ["gbk", "greet", "pieces"], { encoding: "gbk" });
		expect(await connection.greeting()).toBe("欢迎 welcome");
		// 亄 is 81 7B in GBK, 乗 81 5C, 亇 81 7D: their second bytes are {, \ and }.
		for (const name of ["小飞机", "亄乗亇", '乗"']) {
			expect(await connection.exchange({ name, message: "" })).toMatchObject({ message: `收到 ${name} {}\\ [] 好` });
		}
	});

	test("an answer of several hundred kilobytes is read whole", async () => {
		const connection = await connectToPython("answers.py", []);
		const reply = await connection.exchange({ name: "n", times: 300_000 });
		expect((reply as { message: string }).message).toHaveLength(300_000 + "收到 n {}\\ [] ".length);
	});

	test("what it answers that is no JSON is a fault with a code, at once", async () => {
		const connection = await connectToPython("answers.py", ["print", "line"]);
		await expect(connection.exchange({ name: "n" })).rejects.toMatchObject({ code: "malformed" });
	});

	test("no answer in time is an error, and ends the connection", async () => {
		const connection = await connectToPython("answers.py", ["silent"], { timeout: 100 });
		await expect(connection.exchange({ name: "n" })).rejects.toMatchObject({ code: "timeout" });
		await expect(connection.exchange({ name: "n" })).rejects.toMatchObject({ code: "closed" });
	});
});

describe("a connection", () => {
	test("to where nobody listens is a network error; a bad port or encoding is refused", async () => {
		await expect(connect("127.0.0.1", 9)).rejects.toMatchObject({ code: "network", cause: expect.any(Error) });
		await expect(connect("127.0.0.1", 70_000)).rejects.toMatchObject({ code: "bad_request" });
		await expect(connect("127.0.0.1", 9, { encoding: "klingon" })).rejects.toMatchObject({ code: "bad_request" });
		const both = { encoding: "gbk", format: "packet" } as const;
		await expect(connect("127.0.0.1", 9, both)).rejects.toMatchObject({ code: "bad_request" });
	});

	test("that waits gives up by its signal, and by the time it was given", async () => {
		const connection = await connectTo(() => {});
		const controller = new AbortController();
		const waiting = connection.receive({ signal: controller.signal });
		controller.abort("enough");
		await expect(waiting).rejects.toBe("enough");
		await expect(connection.greeting({ timeout: 20 })).rejects.toMatchObject({ code: "timeout" });
		await expect(connection.receive({ signal: AbortSignal.abort("before") })).rejects.toBe("before");
	});

	test("ends by the signal it was made with", async () => {
		const controller = new AbortController();
		let closed = false;
		const connection = await connectTo((socket) => socket.on("close", () => (closed = true)), {
			signal: controller.signal,
		});
		const waiting = connection.receive();
		controller.abort("enough");
		await expect(waiting).rejects.toBe("enough");
		await expect(connection.send({})).rejects.toBe("enough");
		await expect.poll(() => closed).toBe(true);
		await expect(connect("127.0.0.1", 9, { signal: AbortSignal.abort("before") })).rejects.toBe("before");
	});

	test("that is closed ends an iteration, and fails whoever waits or sends", async () => {
		const connection = await connectTo((socket) => void socket.write("one\ntwo\n"));
		const seen: Json[] = [];
		for await (const each of connection) {
			seen.push(each);
			if (each === "two") connection.close();
		}
		expect(seen).toEqual(["one", "two"]);
		await expect(connection.receive()).rejects.toMatchObject({ code: "closed" });
		await expect(connection.send({})).rejects.toMatchObject({ code: "closed" });
	});

	test("that is reset gives what had come, then a network error", async () => {
		const connection = await connectTo((socket) => {
			socket.write('{"a":1}\nhalf');
			setTimeout(() => socket.resetAndDestroy(), 50);
		});
		expect(await connection.receive()).toEqual({ a: 1 });
		expect(await connection.receive()).toBe("half");
		await expect(connection.receive()).rejects.toMatchObject({ code: "network", cause: expect.any(Error) });
	});

	test("that ends in the middle of a value says so", async () => {
		const connection = await connectTo((socket) => socket.end('{"a":'));
		await expect(connection.receive()).rejects.toMatchObject({ code: "malformed" });
		expect(await connection.receive()).toBeUndefined();
	});

	test("gives each answer to its own question, though one gives up or never leaves", async () => {
		const connection = await connectTo((socket) => socket.on("data", (data) => socket.write(data)));
		const controller = new AbortController();
		const given = connection.receive({ signal: controller.signal });
		const first = connection.exchange({ n: 1 });
		const refused = connection.exchange(undefined);
		const second = connection.exchange({ n: 2 });
		controller.abort("enough");
		await expect(given).rejects.toBe("enough");
		await expect(refused).rejects.toMatchObject({ code: "not_json" });
		expect(await Promise.all([first, second])).toEqual([{ n: 1 }, { n: 2 }]);
	});

	test("whose application does not read makes the server wait, and loses nothing", async () => {
		let sent = 0;
		const connection = await connectTo((socket) => {
			const more = () => {
				while (sent < 200_000) {
					sent += 1;
					if (!socket.write(`{"n":${sent},"text":"${"x".repeat(100)}"}\n`)) break;
				}
				if (sent === 200_000) socket.end();
			};
			socket.on("drain", more);
			more();
		});
		await connection.receive();
		for (let before = 0; before < sent; await sleep(200)) before = sent;
		expect(sent).toBeLessThan(200_000);
		let next = 2;
		for await (const each of connection) {
			if ((each as { n: number }).n !== next) throw new Error(`expected ${next}`);
			next += 1;
		}
		expect(next).toBe(200_001);
	});
});
