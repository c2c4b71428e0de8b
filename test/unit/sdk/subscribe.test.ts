import { describe, expect, test } from "vitest";
import { durations } from "../../../protocol/limits.ts";
import type { From, Message } from "../../../sdk/index.ts";
import { settle } from "./helpers/fake-clock.ts";
import { dataOf, setUp, watch } from "./helpers/setup.ts";

function filled(count = 5) {
	const context = setUp();
	for (let number = 1; number <= count; number++) context.server.log("chat").append(number, number * 1_000);
	return context;
}

describe("subscribe", () => {
	test.each<[string, From, readonly number[]]>([
		["from the start", "start", [1, 2, 3, 4, 5, 6]],
		["live", "live", [6]],
		["from the last two", { last: 2 }, [4, 5, 6]],
		["since a time in milliseconds", { since: 3_000 }, [3, 4, 5, 6]],
		["since a date", { since: new Date(5_000) }, [5, 6]],
		["after a position", { epoch: "000000001aaaaaaaa", seq: 3 }, [4, 5, 6]],
		["after a position with the id of its message", { epoch: "000000001aaaaaaaa", seq: 4, id: "server/4" }, [5, 6]],
	])("%s gives what was asked for, then what comes", async (_, from, expected) => {
		const { clock, server, channel } = filled();
		const got: Message<unknown>[] = [];
		const gaps: unknown[] = [];
		channel.subscribe((message) => void got.push(message), { from, onGap: (gap) => gaps.push(gap) });
		await clock.advance(10);
		server.append("chat", 6);
		await clock.advance(10);
		expect(dataOf(got)).toEqual(expected);
		expect(gaps).toEqual([]);
	});

	test("is live when nothing else is said", async () => {
		const { clock, server, channel } = filled();
		channel.subscribe(() => {});
		await clock.advance(10);
		expect(server.of("subscribe").map(({ start }) => start)).toEqual([{ from: "live" }]);
	});

	test("refuses a start that is none", () => {
		const { channel } = setUp();
		for (const from of [{ last: -1 }, { last: 1.5 }, { since: new Date("never") }, { epoch: "x", seq: -1 }]) {
			expect(() => channel.subscribe({ from })).toThrow(expect.objectContaining({ code: "bad_position" }));
		}
	});

	test("is ready when it stands, and knows its position from then on", async () => {
		const { clock, server, channel } = filled();
		const subscription = channel.subscribe();
		const ready = watch(subscription.ready.then(() => "stands"));
		expect(subscription.position).toBeUndefined();
		await clock.advance(10);
		expect(ready.value).toBe("stands");
		expect(subscription.position).toEqual({ epoch: server.epoch, seq: 5 });
	});

	test("a refused subscription rejects ready, throws from the iterator and reports for a callback", async () => {
		const { clock, server, channel, errors } = setUp();
		server.hook = (envelope) =>
			envelope.type === "subscribe"
				? { type: "error", ref: envelope.ref, code: "forbidden", message: "not you" }
				: undefined;
		const iterated = channel.subscribe();
		const ready = watch(iterated.ready);
		const next = watch(iterated[Symbol.asyncIterator]().next());
		channel.subscribe(() => {});
		await clock.advance(10);
		expect(ready.error).toMatchObject({ code: "forbidden" });
		expect(next.error).toMatchObject({ code: "forbidden", message: "not you" });
		expect(errors).toMatchObject([{ code: "forbidden" }]);
	});

	test("a refusal for now is tried again", async () => {
		const { clock, server, channel } = filled();
		let refusals = 2;
		server.hook = (envelope) =>
			envelope.type === "subscribe" && refusals-- > 0
				? { type: "error", ref: envelope.ref, code: "internal", message: "" }
				: undefined;
		const got: unknown[] = [];
		channel.subscribe(({ data }) => void got.push(data), { from: "start" });
		await clock.advance(10);
		expect(got).toEqual([]);
		await clock.advance(durations.backoffBase * 3);
		expect(got).toEqual([1, 2, 3, 4, 5]);
	});

	test("survives any number of lost connections, without a double and without a hole", async () => {
		const { clock, server, channel } = setUp();
		const got: unknown[] = [];
		channel.subscribe(({ data }) => void got.push(data), { from: "start" });
		const publisher = channel;
		for (let round = 0; round < 20; round++) {
			for (let number = 0; number < 10; number++) void publisher.publish(round * 10 + number);
			await clock.advance(round % 5);
			server.cut();
			await clock.advance(durations.spread + 10);
		}
		expect(got).toEqual(Array.from({ length: 200 }, (_, number) => number));
		const resumed = server.of("subscribe").map(({ start }) => start.from);
		expect(resumed[0]).toBe("start");
		expect(resumed.at(-1)).toBe("position");
	});
});

describe("a callback", () => {
	test("is waited for, one message at a time, and the position follows it", async () => {
		const { clock, server, channel } = filled(3);
		const resolvers: (() => void)[] = [];
		const subscription = channel.subscribe(() => new Promise<void>((resolve) => resolvers.push(resolve)), {
			from: "start",
		});
		await clock.advance(10);
		expect(resolvers).toHaveLength(1);
		expect(subscription.position).toEqual({ epoch: server.epoch, seq: 0 });
		resolvers[0]?.();
		await settle();
		expect(resolvers).toHaveLength(2);
		expect(subscription.position).toEqual({ epoch: server.epoch, seq: 1, id: "server/1" });
	});

	test("that is busy while the connection is lost gets its message once", async () => {
		const { clock, server, channel } = filled(3);
		const got: unknown[] = [];
		let finish = () => {};
		channel.subscribe(
			({ data }) => {
				got.push(data);
				if (data === 2) return new Promise<void>((resolve) => (finish = resolve));
				return undefined;
			},
			{ from: "start" },
		);
		await clock.advance(10);
		server.cut();
		await clock.advance(durations.spread + 10);
		finish();
		await clock.advance(10);
		expect(got).toEqual([1, 2, 3]);
	});

	test("that throws is reported, and the next message comes", async () => {
		const { clock, channel, errors } = filled(3);
		const got: unknown[] = [];
		const subscription = channel.subscribe(
			({ data }) => {
				if (data === 2) throw new TypeError("oh");
				if (data === 3) return Promise.reject("late");
				got.push(data);
				return undefined;
			},
			{ from: "start" },
		);
		await clock.advance(10);
		expect(got).toEqual([1]);
		expect(errors).toMatchObject([
			{ code: "callback_failed", cause: { message: "oh" } },
			{ code: "callback_failed", cause: "late" },
		]);
		expect(subscription.position?.seq).toBe(3);
	});

	test("is not called again after unsubscribe, not even for what has come already", async () => {
		const { clock, server, channel } = filled(3);
		const got: unknown[] = [];
		const subscription = channel.subscribe(
			({ data }) => {
				got.push(data);
				if (data === 2) subscription.unsubscribe();
			},
			{ from: "start" },
		);
		await clock.advance(10);
		server.append("chat", 4);
		await clock.advance(10);
		expect(got).toEqual([1, 2]);
		expect(subscription.position?.seq).toBe(2);
		expect(server.of("unsubscribe")).toHaveLength(1);
	});

	test("and an iteration do not go together", () => {
		const { channel } = setUp();
		expect(() => channel.subscribe(() => {})[Symbol.asyncIterator]()).toThrow(
			expect.objectContaining({ code: "bad_request" }),
		);
	});
});

describe("an iteration", () => {
	test("yields in order, and the position is the message in hand", async () => {
		const { clock, channel } = filled(3);
		const subscription = channel.subscribe({ from: "start" });
		const seen: unknown[] = [];
		const loop = (async () => {
			for await (const message of subscription) {
				seen.push([message.data, subscription.position?.seq, subscription.position?.id]);
				if (message.seq === 3) break;
			}
		})();
		await clock.advance(10);
		await loop;
		expect(seen).toEqual([
			[1, 1, "server/1"],
			[2, 2, "server/2"],
			[3, 3, "server/3"],
		]);
	});

	test("that is left unsubscribes", async () => {
		const { clock, server, channel, space } = filled(3);
		const loop = (async () => {
			for await (const _ of channel.subscribe({ from: "start" })) return;
		})();
		await clock.advance(10);
		await loop;
		await clock.advance(10);
		expect(server.of("unsubscribe")).toHaveLength(1);
		await clock.advance(durations.linger);
		expect(space.state).toBe("idle");
	});

	test("may ask ahead: readers are served in their order", async () => {
		const { clock, server, channel } = filled(1);
		const iterator = channel.subscribe({ from: "start" })[Symbol.asyncIterator]();
		const reads = [1, 2, 3].map(() => watch(iterator.next()));
		await clock.advance(10);
		server.append("chat", 2);
		await clock.advance(10);
		expect(reads.map(({ value }) => value?.value?.data)).toEqual([1, 2, undefined]);
	});

	test("ends quietly when its space is closed", async () => {
		const { clock, channel, aerogram } = filled(1);
		const got: unknown[] = [];
		const loop = (async () => {
			for await (const { data } of channel.subscribe({ from: "start" })) got.push(data);
			return "ended";
		})();
		await clock.advance(10);
		aerogram.close();
		expect(await loop).toBe("ended");
		expect(got).toEqual([1]);
	});

	test("throws the reason of its signal", async () => {
		const { clock, channel, server } = filled(1);
		const controller = new AbortController();
		const loop = watch(
			(async () => {
				for await (const _ of channel.subscribe({ from: "live", signal: controller.signal }));
			})(),
		);
		await clock.advance(10);
		controller.abort("enough");
		await clock.advance(10);
		expect(loop.error).toBe("enough");
		expect(server.of("unsubscribe")).toHaveLength(1);
	});

	test("with a signal that is aborted already never begins", async () => {
		const { clock, channel, server } = filled(1);
		const subscription = channel.subscribe({ signal: AbortSignal.abort("no") });
		await expect(subscription.ready).rejects.toBe("no");
		await expect(subscription[Symbol.asyncIterator]().next()).rejects.toBe("no");
		await clock.advance(10);
		expect(server.connects).toEqual([]);
	});
});
