import { describe, expect, test, vi } from "vitest";
import { Emitter } from "../../../sdk/emitter.ts";
import { Aerogram, AerogramError, isAerogramError } from "../../../sdk/index.ts";
import { earliest, judgeFrame, survivesReset } from "../../../sdk/recovery.ts";
import { Requests } from "../../../sdk/requests.ts";
import { FakeClock } from "./helpers/fake-clock.ts";
import { setUp } from "./helpers/setup.ts";

const epoch = "000000001aaaaaaaa";
const entry = (seq: number) => ({ seq, ts: 0, id: `a/${seq}`, from: "anonymous", data: seq });
const frame = (after: number, to: number, ...seqs: readonly number[]) =>
	({ type: "messages", channel: "chat", after, to, entries: seqs.map(entry) }) as const;

describe("a frame accounts for every seq in (after, to]", () => {
	test("what follows right on is taken whole", () => {
		expect(judgeFrame(4, frame(4, 6, 5, 6))).toEqual({ kind: "take", entries: [entry(5), entry(6)], to: 6 });
	});

	test("what the reader has is dropped", () => {
		expect(judgeFrame(5, frame(3, 6, 4, 5, 6))).toEqual({ kind: "take", entries: [entry(6)], to: 6 });
		expect(judgeFrame(9, frame(3, 6, 4, 5, 6))).toEqual({ kind: "take", entries: [], to: 9 });
	});

	test("what is in the range and not among the entries was withheld, not lost", () => {
		expect(judgeFrame(4, frame(4, 9, 7))).toEqual({ kind: "take", entries: [entry(7)], to: 9 });
	});

	test("only a frame that begins later is a gap", () => {
		expect(judgeFrame(4, frame(5, 6, 6))).toEqual({ kind: "behind" });
	});
});

describe("after a reset", () => {
	const stands = { type: "subscribed", ref: 1, epoch, head: 20, after: 10, recovered: false } as const;

	test("a reader within what is retained has lost nothing", () => {
		expect(survivesReset({ epoch, seq: 10 }, "retention", stands)).toBe(true);
		expect(survivesReset({ epoch, seq: 20 }, "retention", stands)).toBe(true);
	});

	test("one before it, ahead of it, of another epoch or purged has", () => {
		expect(survivesReset({ epoch, seq: 9 }, "retention", stands)).toBe(false);
		expect(survivesReset({ epoch, seq: 21 }, "ahead", stands)).toBe(false);
		expect(survivesReset({ epoch: "000000000other", seq: 15 }, "retention", stands)).toBe(false);
		expect(survivesReset({ epoch, seq: 15 }, "purged", stands)).toBe(false);
		expect(survivesReset({ epoch, seq: 15 }, "epoch", stands)).toBe(false);
	});

	test("the earliest position is the one to ask for", () => {
		expect(
			earliest([
				{ epoch, seq: 5 },
				{ epoch, seq: 3, id: "a" },
				{ epoch, seq: 8 },
			]),
		).toEqual({ epoch, seq: 3, id: "a" });
		expect(earliest([])).toBeUndefined();
	});
});

describe("errors", () => {
	test("are recognised across copies of the package", () => {
		const foreign = Object.assign(new Error("other copy"), { [Symbol.for("aerogram.error")]: true });
		expect(isAerogramError(foreign)).toBe(true);
		expect(isAerogramError(new AerogramError("closed", "x"))).toBe(true);
		for (const other of [new Error("x"), null, undefined, "closed", { code: "closed" }]) {
			expect(isAerogramError(other)).toBe(false);
		}
	});

	test("are errors with a name, a cause and a word on whether to try again", () => {
		const cause = new Error("why");
		const error = new AerogramError("storage_full", "full", { cause });
		expect(error).toBeInstanceOf(Error);
		expect(error).toMatchObject({ name: "AerogramError", retryable: true, cause, status: undefined });
		expect("cause" in new AerogramError("closed", "x")).toBe(false);
	});

	test("that nobody listens for are printed", async () => {
		const printed = vi.spyOn(console, "error").mockImplementation(() => {});
		const clock = new FakeClock();
		const { server } = setUp();
		const aerogram = new Aerogram("ws://server.test", { clock, transport: server.transport });
		aerogram
			.space("default")
			.channel("chat")
			.subscribe(() => {});
		server.refuse = 4003;
		await (server.clock as FakeClock).advance(5);
		expect(printed).toHaveBeenCalledWith(expect.objectContaining({ code: "forbidden" }));
		printed.mockRestore();
		aerogram.close();
	});
});

describe("the options", () => {
	test("take any URL of the server, and no other", () => {
		for (const url of ["http://a", "https://a/b/", "ws://a", "wss://a:1", new URL("https://a")]) new Aerogram(url);
		for (const url of ["", "a.example.com", "ftp://a", "/relative"]) {
			expect(() => new Aerogram(url)).toThrow(expect.objectContaining({ code: "bad_request" }));
		}
	});

	test("make the socket's URL from the server's, with the client's id in it", () => {
		const urls: string[] = [];
		const transport = (url: string) => {
			urls.push(url);
			return { open() {}, send() {}, close() {} };
		};
		for (const url of ["https://a/below?x=1#y", "http://a:8787"]) {
			const aerogram = new Aerogram(url, { transport, client: "me", clock: new FakeClock() });
			aerogram.space("team:1").connect();
			aerogram.close();
		}
		expect(urls).toEqual([
			"wss://a/below/v1/spaces/team:1/socket?client=me",
			"ws://a:8787/v1/spaces/team:1/socket?client=me",
		]);
	});

	test("a client id is checked when given, and random when not", () => {
		expect(() => new Aerogram("http://a", { client: "a b" })).toThrow(expect.objectContaining({ code: "bad_name" }));
		const [one, other] = [new Aerogram("http://a"), new Aerogram("http://a")];
		expect(one.client).toMatch(/^[0-9a-f]{32}$/);
		expect(one.client).not.toBe(other.client);
	});

	test("a space is the same object whenever it is asked for", () => {
		const { aerogram, space } = setUp();
		expect(aerogram.space("default")).toBe(space);
		expect(aerogram.space("other")).not.toBe(space);
	});
});

describe("requests", () => {
	test("are overdue by their own patience, whatever others were given", async () => {
		const clock = new FakeClock();
		const overdue: number[] = [];
		const start = clock.now();
		const requests = new Requests(clock, () => overdue.push(clock.now() - start));
		requests.add(1_000, () => {});
		const short = requests.add(100, () => {});
		const shorter = requests.add(50, () => {});
		requests.forget(shorter);
		await clock.advance(99);
		expect(overdue).toEqual([]);
		await clock.advance(1);
		expect(overdue).toEqual([100]);
		requests.forget(short);
		requests.clear();
		expect(clock.timers).toBe(0);
	});
});

describe("an emitter", () => {
	test("calls each listener until it is taken away, also when another one throws", () => {
		const thrown: unknown[] = [];
		const emitter = new Emitter<{ tick: number }>((error) => thrown.push(error));
		const got: number[] = [];
		emitter.on("tick", () => {
			throw "oh";
		});
		const off = emitter.on("tick", (value) => got.push(value));
		expect(emitter.emit("tick", 1)).toBe(true);
		off();
		emitter.emit("tick", 2);
		expect([got, thrown]).toEqual([[1], ["oh", "oh"]]);
	});
});
