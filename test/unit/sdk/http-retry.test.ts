import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { sleep } from "../../../sdk/http/attempts.ts";
import { AerogramError } from "../../../sdk/index.ts";
import { FakeClock } from "./helpers/fake-clock.ts";
import { type FakeAnswer, json, problem, setUpHttp } from "./helpers/fake-fetch.ts";
import { watch } from "./helpers/setup.ts";

const unreachable = () => new TypeError("fetch failed");
const silence = (): FakeAnswer => "silence";
const plain = (status: number, headers: Record<string, string> = {}) => {
	return () => new Response("<html>Sorry</html>", { status, headers: { "content-type": "text/html", ...headers } });
};

describe("a request is sent again", () => {
	test.each([
		["the network fails", unreachable],
		["nothing answers in time", silence],
		["a proxy answers 502", plain(502)],
		["a proxy answers 504", plain(504)],
		["the server fails", problem(500, "internal")],
		["the space is full for now", problem(503, "space_full")],
		["the storage is full for now", problem(507, "storage_full")],
		["it comes too often", plain(429)],
		["it took too long to arrive", plain(408)],
	])("when %s", async (_, answer) => {
		const { http, sent, clock } = setUpHttp([answer, answer, json({ done: true })]);
		const outcome = watch(http.get("/v1/x"));
		await clock.advance(60_000);
		expect(outcome.value).toMatchObject({ status: 200, data: { done: true } });
		expect(sent).toHaveLength(3);
	});

	test("at most twice unless it is told otherwise, and then fails as its last attempt did", async () => {
		for (const [retries, times] of [
			[undefined, 3],
			[0, 1],
			[5, 6],
		] as const) {
			const { http, sent, clock } = setUpHttp([unreachable, plain(502)]);
			const outcome = watch(http.get("/v1/x", { retries }));
			await clock.advance(120_000);
			expect(sent).toHaveLength(times);
			expect(outcome.error).toMatchObject({ code: "network", retryable: true, status: times > 1 ? 502 : undefined });
		}
	});

	test("after delays that grow", async () => {
		const { http, sent, clock } = setUpHttp([unreachable]);
		watch(http.get("/v1/x", { retries: 3 }));
		await clock.advance(60_000);
		expect(sent.map(({ at }) => at)).toEqual([0, 500, 1_500, 3_500]);
	});

	test("after delays that differ between clients", async () => {
		const { http, sent, clock } = setUpHttp([unreachable], { random: () => 0.5 });
		watch(http.get("/v1/x"));
		await clock.advance(60_000);
		expect(sent.map(({ at }) => at)).toEqual([0, 250, 750]);
	});
});

describe("a request is sent once", () => {
	test.each([
		["what it says is wrong", problem(400, "bad_request")],
		["nothing is there", problem(404, "not_found")],
		["a publish before it is missing", problem(409, "out_of_order")],
		["the space was wiped", problem(409, "wiped")],
		["its condition fails", problem(412, "condition_failed")],
		["the server is not set up", problem(503, "not_configured")],
		["a proxy refuses it", plain(403)],
		["it is answered", json({})],
	])("when %s", async (_, answer) => {
		const { http, sent, clock } = setUpHttp([answer, json({ again: true })]);
		const outcome = watch(http.put("/v1/x", { json: {} }));
		await clock.advance(60_000);
		expect(sent).toHaveLength(1);
		expect(outcome.value ?? outcome.error).toBeDefined();
	});
});

describe("a write that is sent again is done once", () => {
	test.each(["POST", "PUT", "PATCH", "DELETE"])("each attempt of a %s has the key of its call", async (method) => {
		const { http, sent, clock } = setUpHttp([unreachable, silence, json({})]);
		const outcome = watch(http.request(method, "/v1/x", { json: {} }));
		await clock.advance(60_000);
		watch(http.request(method, "/v1/x", { json: {} }));
		await clock.advance(60_000);
		expect(outcome.value).toBeDefined();
		const keys = sent.map(({ headers }) => headers.get("idempotency-key"));
		expect(keys).toHaveLength(4);
		expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
		expect(keys.slice(0, 3)).toEqual([keys[0], keys[0], keys[0]]);
		expect(keys[3]).not.toBe(keys[0]);
	});

	test("what reads has none, and so has what is never sent again", async () => {
		const { http, sent } = setUpHttp([json({})]);
		await http.get("/v1/x");
		await http.head("/v1/x");
		await http.request("options", "/v1/x");
		await http.post("/v1/x", { json: {}, retries: 0 });
		expect(sent.map(({ headers }) => headers.get("idempotency-key"))).toEqual([null, null, null, null]);
	});
});

describe("Retry-After", () => {
	test("in seconds is waited out, and then some", async () => {
		const { http, sent, clock } = setUpHttp([plain(429, { "retry-after": "7" }), json({})]);
		watch(http.get("/v1/x"));
		await clock.advance(60_000);
		expect(sent.map(({ at }) => at)).toEqual([0, 7_500]);
	});

	test("as a date is waited out, too", async () => {
		const { http, sent, clock } = setUpHttp([
			() => plain(503, { "retry-after": new Date(clock.now() + 20_000).toUTCString() })(),
			json({}),
		]);
		watch(http.get("/v1/x"));
		await clock.advance(60_000);
		expect(sent.map(({ at }) => at)).toEqual([0, 20_500]);
	});

	test.each(["Wed, 21 Oct 2015 07:28:00 GMT", "soon", "0"])("that says no time to wait adds none: %s", async (text) => {
		const { http, sent, clock } = setUpHttp([plain(503, { "retry-after": text }), json({})]);
		watch(http.get("/v1/x"));
		await clock.advance(60_000);
		expect(sent.map(({ at }) => at)).toEqual([0, 500]);
	});

	test("beyond thirty seconds is not waited for: the error says it", async () => {
		const { http, sent, clock } = setUpHttp([problem(507, "storage_full", {}, { "retry-after": "31" }), json({})]);
		const outcome = watch(http.get("/v1/x"));
		await clock.advance(60_000);
		expect(sent).toHaveLength(1);
		expect(outcome.error).toMatchObject({ code: "storage_full", status: 507, retryAfter: 31_000 });
	});
});

describe("time", () => {
	test("each attempt has ten seconds, and the error says that it was too late", async () => {
		const { http, sent, clock } = setUpHttp([silence]);
		const outcome = watch(http.get("/v1/x", { retries: 1 }));
		await clock.advance(10_499);
		expect(sent.map(({ at }) => at)).toEqual([0]);
		await clock.advance(10_000);
		expect(sent.map(({ at }) => at)).toEqual([0, 10_500]);
		expect(outcome.error).toBeUndefined();
		await clock.advance(1);
		expect(outcome.error).toMatchObject({ code: "timeout", retryable: true, status: undefined });
		expect(clock.timers).toBe(0);
	});

	test("another limit can be given", async () => {
		const { http, clock } = setUpHttp([silence]);
		const outcome = watch(http.get("/v1/x", { timeout: 50, retries: 0 }));
		await clock.advance(49);
		expect(outcome.error).toBeUndefined();
		await clock.advance(1);
		expect(outcome.error).toMatchObject({ code: "timeout" });
	});

	test("no timer stays behind an answer", async () => {
		const { http, clock } = setUpHttp([json({})]);
		await http.get("/v1/x");
		expect(clock.timers).toBe(0);
	});
});

describe("giving up", () => {
	test("an aborted request rejects with the signal's reason, whatever it waits for", async () => {
		for (const [answer, at] of [
			[silence, 5],
			[unreachable, 100],
			[silence, 10_100],
		] as const) {
			const { http, sent, clock } = setUpHttp([answer]);
			const controller = new AbortController();
			const outcome = watch(http.get("/v1/x", { signal: controller.signal }));
			await clock.advance(at);
			const before = sent.length;
			controller.abort("enough");
			await clock.advance(60_000);
			expect(outcome.error).toBe("enough");
			expect(sent).toHaveLength(before);
			expect(clock.timers).toBe(0);
		}
	});

	test("with a signal that is aborted already nothing is sent, even when its reason looks like a failure to mend", async () => {
		const { http, sent, clock } = setUpHttp([json({})]);
		const reason = new AerogramError("timeout", "The whole page took too long.");
		const outcome = watch(http.get("/v1/x", { signal: AbortSignal.abort(reason) }));
		await clock.advance(60_000);
		expect(outcome.error).toBe(reason);
		expect(sent).toEqual([]);
	});

	test("closing the client ends what waits, and what comes after", async () => {
		for (const answer of [silence, unreachable]) {
			const { client, http, sent, clock } = setUpHttp([answer]);
			const outcome = watch(http.get("/v1/x"));
			await clock.advance(10);
			client.close();
			await clock.advance(60_000);
			expect(outcome.error).toMatchObject({ code: "closed" });
			await expect(http.get("/v1/x")).rejects.toMatchObject({ code: "closed" });
			expect(() => client.space("s")).toThrow(expect.objectContaining({ code: "closed" }));
			expect(sent).toHaveLength(1);
			expect(clock.timers).toBe(0);
		}
	});

	test("a signal that outlives its requests keeps nothing of them", async () => {
		const { http } = setUpHttp([json({})]);
		const { signal } = new AbortController();
		let listeners = 0;
		const [add, remove] = [signal.addEventListener, signal.removeEventListener];
		signal.addEventListener = (...parameters: Parameters<typeof add>) => {
			listeners += 1;
			add.apply(signal, parameters);
		};
		signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
			listeners -= 1;
			remove.apply(signal, parameters);
		};
		await http.get("/v1/x", { signal });
		expect(listeners).toBe(0);
	});
});

test("a wait between two attempts ends with its signal, and leaves nothing on one that outlives it", async () => {
	const clock = new FakeClock();
	const gone = new AbortController();
	const { signal } = gone;
	const waits = [watch(sleep({ clock }, 100, signal)), watch(sleep({ clock }, 200, signal))];
	expect(getEventListeners(signal, "abort")).toHaveLength(2);
	await clock.advance(100);
	expect(waits.map((wait) => "value" in wait)).toEqual([true, false]);
	expect(getEventListeners(signal, "abort")).toHaveLength(1);
	gone.abort(new Error("enough"));
	await clock.advance(1_000);
	expect(waits[1]).toEqual({ error: new Error("enough") });
});
