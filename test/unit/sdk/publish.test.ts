import { describe, expect, test } from "vitest";
import { durations, limits } from "../../../protocol/limits.ts";
import { dataOf, setUp, watch } from "./helpers/setup.ts";

describe("publish", () => {
	test("resolves with the epoch and the seq, and the message carries the client's id and number", async () => {
		const { clock, server, channel, aerogram } = setUp();
		const first = watch(channel.publish("one"));
		const second = watch(channel.publish("two", { name: "note", key: "k", id: "mine" }));
		await clock.advance(10);
		expect(first.value).toEqual({ epoch: server.epoch, seq: 1, duplicate: false });
		expect(second.value?.seq).toBe(2);
		expect(server.log("chat").messages).toMatchObject([
			{ id: `${aerogram.client}/0`, data: "one" },
			{ id: "mine", name: "note", key: "k", data: "two" },
		]);
	});

	test("many of one turn leave as one frame, in order", async () => {
		const { clock, server, channel } = setUp({ inFlight: 512 });
		await Promise.all([channel.publish("first"), clock.advance(10)]);
		server.frames.length = 0;
		for (let number = 0; number < 100; number++) void channel.publish(number);
		await clock.advance(10);
		expect(server.frames).toHaveLength(1);
		expect(dataOf(server.log("chat").messages).slice(1)).toEqual(Array.from({ length: 100 }, (_, number) => number));
	});

	test("to many channels is one frame, and each tells its outcome", async () => {
		const { clock, server, space, channel } = setUp();
		await Promise.all([channel.publish("first"), clock.advance(10)]);
		server.frames.length = 0;
		const messages = Array.from({ length: 40 }, (_, number) => ({ channel: `c${number}`, data: number, name: "all" }));
		const outcome = watch(space.publish([...messages, { channel: "chat", data: undefined }]));
		await clock.advance(10);
		expect(server.frames).toHaveLength(1);
		expect(outcome.value?.map(({ status }) => status)).toEqual([...messages.map(() => "fulfilled"), "rejected"]);
		expect(server.log("c39").messages).toMatchObject([{ seq: 1, data: 39, name: "all" }]);
	});

	test("a frame keeps to the server's limits, in envelopes and in bytes", async () => {
		const { clock, server, channel } = setUp({ inFlight: 512 });
		server.limits = { ...limits, frameBytes: 2_000 as never, frameEnvelopes: 30 as never };
		for (let number = 0; number < 100; number++) void channel.publish(number);
		for (let number = 0; number < 20; number++) void channel.publish("飞".repeat(200));
		await clock.advance(50);
		expect(server.log("chat").head).toBe(120);
		for (const frame of server.frames) {
			expect(new TextEncoder().encode(frame).length).toBeLessThanOrEqual(2_000);
			expect([JSON.parse(frame)].flat().length).toBeLessThanOrEqual(30);
		}
	});

	test("keeps to the smaller of its window and the server's", async () => {
		for (const [inFlight, allowed, expected] of [
			[4, 512, 4],
			[64, 3, 3],
		] as const) {
			const { clock, server, channel } = setUp({ inFlight });
			server.limits = { ...limits, inFlight: allowed as never };
			server.hook = (envelope) => (envelope.type === "publish" ? "ignore" : undefined);
			for (let number = 0; number < 20; number++) channel.publish(number).catch(() => {});
			await clock.advance(10);
			expect(server.of("publish")).toHaveLength(expected);
		}
	});

	test("a busy channel does not starve a quiet one", async () => {
		const { clock, server, space, channel } = setUp({ inFlight: 4 });
		for (let number = 0; number < 200; number++) void channel.publish(number);
		const quiet = watch(space.channel("quiet").publish("me too"));
		await clock.advance(10);
		expect(quiet.value?.seq).toBe(1);
		expect(server.log("chat").head).toBeLessThan(200);
		await clock.advance(500);
		expect(server.log("chat").head).toBe(200);
	});

	test("publishes what the data was at the time of the call", async () => {
		const { clock, server, space } = setUp();
		const data = { text: "before" };
		void space.channel<typeof data>("chat").publish(data);
		data.text = "after";
		await clock.advance(10);
		expect(server.log("chat").messages[0]?.data).toEqual({ text: "before" });
	});

	test("what JSON cannot carry is refused before it is queued", async () => {
		const { space, clock } = setUp();
		const odd = space.channel<unknown>("chat");
		const circular: unknown[] = [];
		circular.push(circular);
		for (const data of [undefined, () => {}, 1n, circular]) {
			await expect(odd.publish(data)).rejects.toMatchObject({ code: "not_json" });
		}
		expect(clock.timers).toBe(0);
	});

	test("what would spoil the frame for the others is refused alone: numbers beyond 2^53, values too deep", async () => {
		const { space, clock, server } = setUp();
		const channel = space.channel<unknown>("chat");
		const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
		await expect(channel.publish({ id: 2 ** 53 + 2 })).rejects.toMatchObject({ code: "not_json" });
		await expect(channel.publish(nested(33))).rejects.toMatchObject({ code: "too_deep" });
		// The deepest that may be sent can also be read, in the fullest frame there is.
		const got: unknown[] = [];
		channel.subscribe(({ data }) => got.push(data));
		await clock.advance(10);
		for (const data of [nested(32), "next"]) void channel.publish(data);
		await clock.advance(10);
		expect(server.frames.at(-1)).toMatch(/^\[/);
		expect(got).toEqual([nested(32), "next"]);
	});

	test("names that are none are refused at once", async () => {
		const { aerogram, space, channel } = setUp();
		expect(() => aerogram.space("a/b")).toThrow(expect.objectContaining({ code: "bad_name" }));
		expect(() => space.channel("")).toThrow(expect.objectContaining({ code: "bad_name" }));
		await expect(channel.publish("x", { key: "no way" })).rejects.toMatchObject({ code: "bad_name" });
	});

	test("a message above the server's limit is too big, and those around it are stored", async () => {
		const { clock, server, channel } = setUp();
		const before = watch(channel.publish("before"));
		const big = watch(channel.publish("飞".repeat(limits.messageBytes / 3 + 1)));
		const after = watch(channel.publish("after"));
		await clock.advance(20);
		expect(big.error).toMatchObject({ code: "too_big", retryable: false });
		expect([before.value?.seq, after.value?.seq]).toEqual([1, 2]);
		expect(server.of("publish").map(({ n, previous }) => [n, previous])).toEqual([
			[0, -1],
			[2, 0],
		]);
	});

	test("a full queue says so, by count and by bytes, and takes more when it has drained", async () => {
		for (const options of [{ queueMessages: 3 }, { queueBytes: 9 }]) {
			const { clock, channel } = setUp(options);
			const first = ["a", "b", "c"].map((data) => watch(channel.publish(data)));
			await expect(channel.publish("d")).rejects.toMatchObject({ code: "queue_full", retryable: true });
			await clock.advance(20);
			expect(first.map(({ value }) => value?.seq)).toEqual([1, 2, 3]);
			await Promise.all([channel.publish("e"), clock.advance(20)]);
		}
	});
});

describe("aborting a publish", () => {
	test("before it left takes it out of the queue, and its number is nobody's", async () => {
		const { clock, server, channel } = setUp();
		const controller = new AbortController();
		const aborted = watch(channel.publish("never", { signal: controller.signal }));
		const other = watch(channel.publish("other"));
		controller.abort(new Error("changed my mind"));
		await clock.advance(10);
		expect(aborted.error).toMatchObject({ message: "changed my mind" });
		expect(other.value?.seq).toBe(1);
		expect(server.of("publish").map(({ n, previous }) => [n, previous])).toEqual([[1, -1]]);
	});

	test("on its way ends the wait, and it is not sent again", async () => {
		const { clock, server, channel } = setUp();
		server.answers = () => false;
		const controller = new AbortController();
		const aborted = watch(channel.publish("maybe", { signal: controller.signal }));
		const next = watch(channel.publish("next"));
		await clock.advance(10);
		controller.abort("enough");
		await clock.advance(0);
		expect(aborted.error).toBe("enough");
		server.answers = () => true;
		server.cut();
		await clock.advance(durations.spread);
		expect(next.value).toMatchObject({ seq: 2, duplicate: true });
		expect(server.of("publish").map(({ n }) => n)).toEqual([0, 1, 1]);
	});

	test("on its way leaves nothing behind that needs a connection", async () => {
		const { clock, server, channel, space } = setUp();
		server.answers = () => false;
		const controller = new AbortController();
		channel.publish("maybe", { signal: controller.signal }).catch(() => {});
		await clock.advance(10);
		controller.abort();
		server.refuse = 1006;
		server.cut();
		await clock.advance(durations.linger + 1_000);
		expect(space.state).toBe("idle");
	});

	test("while it waits for a better time lets those behind it go", async () => {
		const { clock, server, channel } = setUp();
		const controller = new AbortController();
		server.hook = (envelope) => {
			if (envelope.type !== "publish" || envelope.n !== 0) return undefined;
			controller.abort("enough");
			return { type: "error", ref: envelope.ref, code: "storage_full", message: "" };
		};
		const aborted = watch(channel.publish("first", { signal: controller.signal }));
		const second = watch(channel.publish("second"));
		await clock.advance(durations.backoffBase + 20);
		expect(aborted.error).toBe("enough");
		expect(second.value?.seq).toBe(1);
		expect(server.of("publish").filter(({ n }) => n === 0)).toHaveLength(1);
	});

	test("with a signal that is aborted already sends nothing", async () => {
		const { server, channel } = setUp();
		await expect(channel.publish("x", { signal: AbortSignal.abort("no") })).rejects.toBe("no");
		expect(server.connects).toEqual([]);
	});
});
