import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headOf, readMessages } from "../helpers/http.ts";
import { makeNames } from "../helpers/names.ts";
import { runPython, runPythonJson, startPython } from "../helpers/python.ts";
import { Random } from "../helpers/random.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

interface Exchange {
	readonly name: string;
	readonly message: string;
}
interface Answer {
	readonly status: string;
	readonly message: string;
}
/** The form of an answer, its status and its message. */
type Heard = readonly [form: string, status: string, message: string];
interface Burst {
	readonly whole: readonly Heard[];
	readonly bytes: readonly Heard[];
	readonly cut?: readonly (readonly Heard[])[];
}

let server: TestServer;
let address: [string, number];
let channel: string;
const names = makeNames(new Random(20_260_117), 100);

beforeAll(async () => {
	server = await startServer();
	address = [server.tcp.host, server.tcp.port];
	channel = `${server.url}/v1/spaces/default/channels/exchange`;
});
afterAll(() => server.stop());

/** What came in by raw TCP while `work` ran, read back over HTTP. */
async function storedBy<Output>(work: () => Promise<Output>): Promise<{ output: Output; stored: Exchange[] }> {
	const before = await headOf(channel);
	const output = await work();
	const messages = await readMessages(`${channel}/messages`, before);
	expect(messages.filter(({ from }) => from !== "tcp")).toEqual([]);
	return { output, stored: messages.map(({ data }) => data as unknown as Exchange) };
}

function exchangesOf(message: string): Exchange[] {
	return names.map((name) => ({ name, message }));
}

function answerTo(name: string): string {
	const characters = [...name];
	const shown = characters.length > 60 ? `${characters.slice(0, 60).join("")}…` : name;
	return `Hello, ${shown}! Your message is stored.`;
}

function answersTo(exchanges: readonly Exchange[]): Answer[] {
	return exchanges.map(({ name }) => ({ status: "success", message: answerTo(name) }));
}

describe("a first program in Python", () => {
	test("connects, reads once and prints the greeting", async () => {
		const { output, stored } = await storedBy(() => runPython("greeting.py", address));
		expect(output).toMatch(/^Welcome to Aerogram! 欢迎!\r?\n\n$/);
		expect(stored).toEqual([]);
	});

	test("sends the tutorial's message without a newline and parses what one recv gives", async () => {
		const { output, stored } = await storedBy(() => runPython("exchange.py", address));
		expect(output).toBe("success Hello, 小飞机! Your message is stored.\n");
		expect(stored).toEqual([{ name: "小飞机", message: "你好,服务器!" }]);
	});

	test("gets its answer in one recv 500 of 500 times while 50 other connections are busy", async () => {
		const busy = startPython("busy.py", [...address, 50]);
		try {
			expect(await busy.firstLine).toBe("ready");
			const exchanges = Array.from({ length: 5 }, (_, round) => exchangesOf(`你好,服务器! ${round}`)).flat();
			const { output, stored } = await storedBy(() => runPythonJson<Answer[]>("many.py", address, exchanges));
			expect(output).toEqual(answersTo(exchanges));
			expect(stored.filter(({ name }) => !name.startsWith("busy-"))).toEqual(exchanges);
			const answered = JSON.parse((await busy.finish()).split("\n")[1] ?? "") as number[];
			expect(answered).toHaveLength(50);
			expect(Math.min(...answered)).toBeGreaterThan(3);
		} finally {
			busy.kill();
		}
	});

	test("reads the greeting and then exchanges on the same connection", async () => {
		const exchanges = exchangesOf("after the greeting");
		const { output, stored } = await storedBy(() =>
			runPythonJson<{ greeting: string; answers: Answer[] }>("greeted.py", address, exchanges),
		);
		expect(output).toEqual({ greeting: "Welcome to Aerogram! 欢迎!\r\n", answers: answersTo(exchanges) });
		expect(stored).toEqual(exchanges);
	});

	test("waits a second, is greeted meanwhile, and then exchanges", async () => {
		const exchanges = exchangesOf("a second later");
		const { output, stored } = await storedBy(() =>
			runPythonJson<{ greeting: string; answers: Answer[] }>("late.py", address, exchanges),
		);
		expect(output).toEqual({ greeting: "Welcome to Aerogram! 欢迎!\n", answers: answersTo(exchanges) });
		expect(stored).toEqual(exchanges);
	});

	test("that writes GBK is told to send UTF-8, and nothing is stored", async () => {
		const { output, stored } = await storedBy(() =>
			runPythonJson<{ answer: Answer; closed: boolean }>("gbk.py", address),
		);
		expect(output).toMatchObject({ answer: { status: "error", code: "bad_encoding" }, closed: true });
		expect(output.answer.message).toContain("send UTF-8");
		expect(stored).toEqual([]);
	});
});

const inTurns = ["json", "xml", "json packet", "xml packet"] as const;

describe("50 values back to back on one connection", () => {
	test.each([
		["JSON", ["json", "cut"], ["json"], names.slice(0, 50)],
		["JSON, with the other names", ["json"], ["json"], names.slice(50)],
		["JSON, XML and packets by turns", ["mixed"], inTurns, names.slice(0, 50)],
		["JSON, XML and packets by turns, with the other names", ["mixed", "cut"], inTurns, names.slice(50)],
	] as const)("are answered and stored wherever the stream is cut: %s", async (_, options, forms, some) => {
		const exchanges = some.map((name) => ({ name, message: "" }));
		const { output, stored } = await storedBy(() =>
			runPythonJson<Burst>("burst.py", [...address, ...options], exchanges),
		);
		const { whole, bytes, cut = [] } = output;
		const heard = some.map((name, index): Heard => [forms[index % forms.length] ?? "", "success", answerTo(name)]);
		expect(whole).toEqual(heard);
		expect(bytes).toEqual(heard);
		// Each byte of each value was the first after a cut; none of these is as short as this one.
		const shortest = options.at(-1) === "cut" ? '{"name": "", "message": "cut 000"}'.length : -1;
		expect(cut.length).toBeGreaterThan(shortest);
		for (const answers of cut) expect(answers).toEqual(heard);
		const runs = ["whole", "bytes", ...cut.map((_, offset) => `cut ${String(offset).padStart(3, "0")}`)];
		const byRun = Map.groupBy(stored, ({ message }) => message);
		expect(new Set(byRun.keys())).toEqual(new Set(runs));
		for (const run of runs) expect(byRun.get(run)?.map(({ name }) => name)).toEqual(some);
	});
});
