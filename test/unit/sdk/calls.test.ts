import { describe, expect, test } from "vitest";
import type { ClientEnvelope, Json, ServerEnvelope } from "../../../protocol/envelopes.ts";
import type { CallContext } from "../../../sdk/index.ts";
import type { FakeServer } from "./helpers/fake-server.ts";
import { setUp, watch } from "./helpers/setup.ts";

/** What a server that takes everything about calls answers. */
function takeAll(envelope: ClientEnvelope): ServerEnvelope | "ignore" | undefined {
	if (envelope.type === "progress") return "ignore";
	const taken = ["call", "cancel", "serve", "reply", "nack"].includes(envelope.type);
	return taken && "ref" in envelope ? { type: "done", ref: envelope.ref } : undefined;
}

function tell(server: FakeServer, fields: { readonly [key: string]: Json }): void {
	for (const socket of server.sockets) socket.send({ type: "live", fields });
}

function handOver(server: FakeServer, id: string, attempt = 1, data: Json = null): void {
	tell(server, { t: "call", svc: "work", id, attempt, from: "anonymous", deadline: 2_000_000_000_000, data });
}

/** A client of a server that takes everything, with whatever is done at first connected. */
async function connected() {
	const bench = setUp();
	// Loaded ahead, so that no step of the clock waits for it.
	await import("../../../sdk/over-live.ts");
	bench.server.hook = takeAll;
	return { ...bench };
}

describe("a call", () => {
	test("is sent again after a lost connection, with its id and what is left of its time, until its result comes", async () => {
		const { clock, server, space } = await connected();
		const outcome = watch(space.call("work", { a: 1 }, { id: "c1", timeout: 20_000 }));
		await clock.advance(100);
		server.cut();
		await clock.advance(9_900);
		const [first, second] = server.of("call");
		expect(first).toMatchObject({ service: "work", id: "c1", data: { a: 1 }, timeout: expect.any(Number) });
		expect(second).toMatchObject({ service: "work", id: "c1", data: { a: 1 } });
		expect(second?.timeout).toBeLessThan(first?.timeout ?? 0);
		tell(server, { t: "result", id: "c1", progress: 1 });
		tell(server, { t: "result", id: "c1", data: "done" });
		await clock.advance(10);
		expect(outcome).toEqual({ value: "done" });
		server.cut();
		await clock.advance(10_000);
		expect(server.of("call")).toHaveLength(2);
	});

	test("without a connection fails at its deadline; with one it leaves the server time to say so", async () => {
		const { clock, server, space } = await connected();
		const heard = watch(space.call("work", 1, { id: "heard", timeout: 1_000 }));
		await clock.advance(1_500);
		expect(heard).toEqual({});
		tell(server, { t: "result", id: "heard", error: { code: "deadline_passed", message: "Late." } });
		await clock.advance(10);
		expect(heard).toMatchObject({ error: { code: "deadline_passed", message: "Late." } });
		server.refuse = 1006;
		server.cut();
		const offline = watch(space.call("work", 1, { timeout: 1_000 }));
		await clock.advance(1_001);
		expect(offline).toMatchObject({ error: { code: "deadline_passed" } });
	});

	test("of a space that was wiped has an unknown outcome, and is not sent again", async () => {
		const { clock, server, space } = await connected();
		const outcome = watch(space.call("work", 1));
		await clock.advance(100);
		server.wipe();
		await clock.advance(10_000);
		expect(outcome).toMatchObject({ error: { code: "unknown_outcome" } });
		expect(server.of("call")).toHaveLength(1);
	});

	test("that is aborted while offline is cancelled as soon as there is a connection", async () => {
		const { clock, server, space } = await connected();
		const controller = new AbortController();
		const outcome = watch(space.call("work", 1, { id: "c1", signal: controller.signal }));
		await clock.advance(100);
		server.cut();
		controller.abort("enough");
		await clock.advance(10_000);
		expect(outcome).toEqual({ error: "enough" });
		expect(server.of("cancel")).toMatchObject([{ id: "c1" }]);
		expect(server.of("call")).toHaveLength(1);
	});

	test("is refused where the server knows none, where it is too big, where its id is in use", async () => {
		const { clock, server, space } = await connected();
		watch(space.call("work", 1, { id: "same" }));
		const outcomes = [space.call("work", "x".repeat(65_535)), space.call("work", 1, { id: "same" })].map(watch);
		await clock.advance(100);
		expect(outcomes).toMatchObject([{ error: { code: "too_big" } }, { error: { code: "bad_request" } }]);
		server.features = [];
		server.cut();
		await clock.advance(10_000);
		const unknown = watch(space.call("work", 1));
		await clock.advance(10_000);
		expect(unknown).toMatchObject({ error: { code: "unsupported" } });
		expect(server.of("call")).toHaveLength(1);
	});

	test("that the server refuses rejects with that, and closing rejects the others with closed", async () => {
		const { clock, server, aerogram, space } = await connected();
		server.hook = (envelope) =>
			envelope.type === "call" && envelope.id === "full"
				? { type: "error", ref: envelope.ref, code: "calls_full", message: "Full." }
				: takeAll(envelope);
		const outcomes = [space.call("work", 1, { id: "full" }), space.call("work", 1)].map(watch);
		await clock.advance(100);
		expect(outcomes).toMatchObject([{ error: { code: "calls_full", retryable: true } }, {}]);
		aerogram.close();
		await clock.advance(10);
		expect(outcomes[1]).toMatchObject({ error: { code: "closed" } });
		expect(clock.timers).toBe(0);
	});
});

describe("a service", () => {
	test("tells its replies before what it still works on, after a lost connection", async () => {
		const { clock, server, space } = await connected();
		const going: (() => void)[] = [];
		space.serve("work", () => new Promise<void>((resolve) => going.push(resolve)), { concurrency: 2 });
		await clock.advance(100);
		for (const id of ["a", "b"]) handOver(server, id);
		await clock.advance(10);
		server.cut();
		going[0]?.();
		await clock.advance(10_000);
		const [reply, serve] = server.received.slice(1);
		expect(reply).toMatchObject({ type: "reply", id: "a", attempt: 1, reply: { data: null } });
		expect(serve).toMatchObject({ type: "serve", service: "work", holds: [{ id: "b", attempt: 1 }] });
	});

	test("runs a call once that is handed over again, and replies under the new attempt", async () => {
		const { clock, server, space } = await connected();
		const contexts: CallContext[] = [];
		let go = (_: unknown) => {};
		space.serve("work", (_, context) => {
			contexts.push(context);
			return new Promise<unknown>((resolve) => {
				go = resolve;
			});
		});
		await clock.advance(100);
		handOver(server, "a");
		await clock.advance(10);
		handOver(server, "a", 2);
		await clock.advance(10);
		expect(contexts.map(({ id, attempt }) => [id, attempt])).toEqual([["a", 2]]);
		go("x");
		await clock.advance(10);
		expect(server.of("reply")).toMatchObject([{ id: "a", attempt: 2, reply: { data: "x" } }]);
	});

	test("replies with an error where its handler throws, or returns what cannot be told", async () => {
		const { clock, server, space } = await connected();
		const values: unknown[] = [() => 1, "x".repeat(65_535), Object.assign(new Error("No."), { data: { a: 1 } })];
		space.serve<number>("work", (index) => {
			if (values[index] instanceof Error) throw values[index];
			return values[index];
		});
		await clock.advance(100);
		for (const index of values.keys()) handOver(server, `c${index}`, 1, index);
		await clock.advance(10);
		const errors = server.of("reply").map(({ reply }) => "error" in reply && reply.error);
		expect(errors).toMatchObject([
			{ message: expect.stringContaining("JSON") },
			{ message: expect.stringContaining("bytes") },
			{ message: "No.", data: { a: 1 } },
		]);
	});

	test("hands back what comes after it was closed, and keeps what it works on across a reconnect", async () => {
		const { clock, server, space } = await connected();
		const serving = space.serve("work", () => new Promise(() => {}));
		await clock.advance(100);
		handOver(server, "a");
		await clock.advance(10);
		serving.close();
		await clock.advance(10);
		handOver(server, "b");
		await clock.advance(10);
		expect(server.of("nack")).toMatchObject([{ id: "b", attempt: 1 }]);
		server.cut();
		await clock.advance(10_000);
		expect(server.of("serve").slice(1)).toMatchObject([
			{ concurrency: 0, holds: [{ id: "a", attempt: 1 }] },
			{ concurrency: 0, holds: [{ id: "a", attempt: 1 }] },
		]);
	});

	test("sends a reply again that the server could not store, and aborts what is cancelled", async () => {
		const { clock, server, space, errors } = await connected();
		let refusals = 1;
		server.hook = (envelope) =>
			envelope.type === "reply" && refusals-- > 0
				? { type: "error", ref: envelope.ref, code: "internal", message: "It failed." }
				: takeAll(envelope);
		let aborted = false;
		space.serve<string>(
			"work",
			(input, { signal }) => {
				signal.addEventListener("abort", () => {
					aborted = true;
				});
				return input === "hang" ? new Promise(() => {}) : input;
			},
			{ concurrency: 2 },
		);
		await clock.advance(100);
		handOver(server, "a", 1, "fine");
		handOver(server, "b", 1, "hang");
		await clock.advance(10);
		tell(server, { t: "call", id: "b", attempt: 1, cancelled: true });
		await clock.advance(2_000);
		expect(server.of("reply").map(({ id }) => id)).toEqual(["a", "a"]);
		expect(errors).toMatchObject([{ code: "internal" }]);
		expect(aborted).toBe(true);
	});

	test("that is served already, or that the server refuses, says so in ready and as an error", async () => {
		const { clock, server, space, errors } = await connected();
		space.serve("work", () => 1);
		const twice = watch(space.serve("work", () => 2).ready);
		server.hook = (envelope) =>
			envelope.type === "serve" && envelope.service === "more"
				? { type: "error", ref: envelope.ref, code: "too_big", message: "Too many." }
				: takeAll(envelope);
		const refused = watch(space.serve("more", () => 1).ready);
		await clock.advance(100);
		expect([twice, refused]).toMatchObject([{ error: { code: "bad_request" } }, { error: { code: "too_big" } }]);
		expect(errors).toHaveLength(2);
	});
});
