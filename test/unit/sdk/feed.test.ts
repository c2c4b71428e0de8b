import { describe, expect, test } from "vitest";
import { durations } from "../../../protocol/limits.ts";
import { Random } from "../../helpers/random.ts";
import { setUp } from "./helpers/setup.ts";

function filled(count = 5) {
	const context = setUp();
	for (let number = 1; number <= count; number++) context.server.log("chat").append(number);
	return context;
}

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe("several subscribers of one channel", () => {
	test("share one subscription, and each gets exactly what it asked for", async () => {
		const { clock, server, channel } = filled();
		const got: Record<string, unknown[]> = { live: [], start: [], last: [], again: [] };
		channel.subscribe(({ data }) => got.live?.push(data));
		await clock.advance(10);
		server.append("chat", 6);
		await clock.advance(10);
		channel.subscribe(({ data }) => got.start?.push(data), { from: "start" });
		channel.subscribe(({ data }) => got.last?.push(data), { from: { last: 2 } });
		await clock.advance(1);
		server.append("chat", 7);
		await clock.advance(10);
		channel.subscribe(({ data }) => got.again?.push(data));
		await clock.advance(2);
		server.append("chat", 8);
		await clock.advance(10);
		expect(got.live).toEqual([6, 7, 8]);
		expect(got.start).toEqual(upTo(8));
		expect(got.last?.slice(-3)).toEqual([6, 7, 8]);
		expect(got.again).toEqual([8]);
	});

	test("a live newcomer does not make one that is behind skip what it still lacks", async () => {
		const { clock, server, channel } = filled(100);
		server.latency = 10;
		const got: unknown[] = [];
		const newcomer: unknown[] = [];
		channel.subscribe(({ data }) => void got.push(data), { from: "start" });
		await clock.advance(21);
		// Stored, but not on its way: as a server does whose window is full.
		for (let number = 101; number <= 150; number++) server.log("chat").append(number);
		channel.subscribe(({ data }) => void newcomer.push(data));
		await clock.advance(200);
		expect(got).toEqual(upTo(150));
		expect(newcomer).toEqual([]);
		server.append("chat", 151);
		await clock.advance(20);
		expect([got.at(-1), newcomer]).toEqual([151, [151]]);
	});

	test("after a reconnect one sub serves all, at the earliest position", async () => {
		const { clock, server, channel } = filled(10);
		channel.subscribe(() => {}, { from: "start" });
		channel.subscribe(() => {});
		const slow = channel.subscribe(({ data }) => (data === 4 ? new Promise(() => {}) : undefined), { from: "start" });
		await clock.advance(20);
		const before = server.of("subscribe").length;
		server.cut();
		await clock.advance(durations.spread + 10);
		expect(slow.position?.seq).toBe(3);
		expect(server.of("subscribe").slice(before)).toMatchObject([
			{ start: { from: "position", epoch: server.epoch, seq: 4, id: "server/4" } },
		]);
	});

	test("one that leaves ends nothing for the others; the last one unsubscribes", async () => {
		const { clock, server, channel } = filled();
		const got: unknown[] = [];
		const first = channel.subscribe(() => {});
		const second = channel.subscribe(({ data }) => void got.push(data));
		await clock.advance(10);
		first.unsubscribe();
		await clock.advance(10);
		expect(server.of("unsubscribe")).toHaveLength(0);
		server.append("chat", 6);
		await clock.advance(10);
		expect(got).toEqual([6]);
		second.unsubscribe();
		second.unsubscribe();
		await clock.advance(10);
		expect(server.of("unsubscribe")).toHaveLength(1);
	});

	test("subscribing again right after the last one left is a subscription of its own", async () => {
		const { clock, server, channel } = filled();
		const got: unknown[] = [];
		channel.subscribe(() => {}).unsubscribe();
		channel.subscribe(({ data }) => void got.push(data), { from: "start" });
		await clock.advance(10);
		channel.subscribe(() => {}).unsubscribe();
		await clock.advance(10);
		server.append("chat", 6);
		await clock.advance(10);
		expect(got).toEqual(upTo(6));
	});

	test("nobody is told of a refusal that comes after the last one left, and nothing is tried again", async () => {
		const { clock, server, channel, aerogram, errors } = filled();
		await Promise.all([channel.publish("connected"), clock.advance(10)]);
		server.hook = (envelope) =>
			envelope.type === "subscribe" ? { type: "error", ref: envelope.ref, code: "internal", message: "" } : undefined;
		channel.subscribe(() => {}).unsubscribe();
		await clock.advance(5);
		aerogram.close();
		expect([errors, clock.timers]).toEqual([[], 0]);
	});

	test("each is placed right whatever comes, goes, is cut or is slow", async () => {
		for (let seed = 1; seed <= 60; seed++) {
			const random = new Random(seed);
			const { clock, server, channel, aerogram } = setUp({ random: () => random.next() });
			const runs: { readonly got: number[]; readonly from: "start" | "live" }[] = [];
			for (let step = 0; step < 60; step++) {
				const kind = random.below(10);
				if (kind < 5)
					for (let more = random.below(30); more > 0; more--) server.append("chat", server.log("chat").head + 1);
				else if (kind < 7 && runs.length < 6) {
					const run = { got: [] as number[], from: random.pick(["start", "live"] as const) };
					const pace = random.pick([0, 0, 3]);
					channel.subscribe(
						({ seq }) => {
							run.got.push(seq);
							return pace ? new Promise<void>((resolve) => clock.setTimeout(resolve, pace)) : undefined;
						},
						{ from: run.from },
					);
					runs.push(run);
				} else if (kind === 7) server.cut(random.pick([1006, 1011, 4110]));
				else server.latency = 1 + random.below(20);
				await clock.advance(random.below(40));
			}
			server.append("chat", server.log("chat").head + 1);
			await clock.advance(durations.backoffCap + 10_000);
			const { head } = server.log("chat");
			for (const { got, from } of runs) {
				const first = from === "start" ? 1 : (got[0] ?? head + 1);
				expect(got, `seed ${seed}, from ${from}`).toEqual(upTo(head, first));
			}
			aerogram.close();
		}
	});
});

describe("credit", () => {
	test("is given every 32 messages, and within a second for what is less", async () => {
		const { clock, server, channel } = filled(70);
		channel.subscribe(() => {}, { from: "start" });
		await clock.advance(10);
		expect(server.of("credit").map(({ seq }) => seq)).toEqual([32, 64]);
		await clock.advance(durations.credit);
		expect(server.of("credit").map(({ seq }) => seq)).toEqual([32, 64, 70]);
		await clock.advance(20_000);
		expect(server.of("credit")).toHaveLength(3);
	});

	test("is given for every 64 KiB, also of text that takes three bytes a character", async () => {
		const { clock, server, channel } = setUp();
		for (let number = 0; number < 12; number++) server.log("chat").append("飞".repeat(8_000));
		channel.subscribe(() => {}, { from: "start" });
		await clock.advance(30);
		expect(server.of("credit").map(({ seq }) => seq)).toEqual([3, 6, 9, 12]);
	});

	test("follows the slowest subscriber", async () => {
		const { clock, server, channel } = filled(100);
		const resolvers: (() => void)[] = [];
		channel.subscribe(() => new Promise<void>((resolve) => resolvers.push(resolve)), { from: "start" });
		channel.subscribe(() => {}, { from: "start" });
		await clock.advance(5_000);
		const standing = server.of("credit").filter(({ seq }) => seq > 0);
		expect(standing.at(-1)?.seq ?? 0).toBeLessThan(100);
		for (let number = 0; number < 40; number++) {
			resolvers.at(-1)?.();
			await clock.advance(1);
		}
		await clock.advance(durations.credit);
		expect(server.of("credit").at(-1)?.seq).toBe(40);
	});

	test("never runs ahead of what was sent, not even when the reader has it from before", async () => {
		const { clock, server, channel } = filled(500);
		server.limits = { ...server.limits, pageBytes: 2_000 as never, windowBytes: 4_000 as never };
		channel.subscribe(() => {}, { from: "start" });
		await clock.advance(2_000);
		const early = channel.subscribe(() => new Promise(() => {}), { from: "start" });
		await clock.advance(5);
		early.unsubscribe();
		const got: unknown[] = [];
		channel.subscribe(({ data }) => got.push(data), { from: { epoch: server.epoch, seq: 498 } });
		await clock.advance(10_000);
		server.append("chat", 501);
		await clock.advance(10_000);
		expect(got).toEqual([499, 500, 501]);
	});

	test("counts what was withheld as consumed", async () => {
		const { clock, server, channel } = filled(3);
		server.log("chat").messages = [];
		const subscription = channel.subscribe(() => {}, { from: "start" });
		await clock.advance(durations.credit + 10);
		expect(subscription.position).toEqual({ epoch: server.epoch, seq: 3 });
		expect(server.of("credit").map(({ seq }) => seq)).toEqual([3]);
	});

	test("that is not given stops the server, so that a reader that stops holds a window and not the log", async () => {
		const { clock, server, channel } = setUp();
		const size = 10_000;
		for (let number = 0; number < 300; number++) server.log("chat").append("x".repeat(size));
		const subscription = channel.subscribe({ from: "start" });
		const iterator = subscription[Symbol.asyncIterator]();
		let received = 0;
		for (let round = 0; round < 5; round++) {
			server.cut(4110);
			await clock.advance(durations.backoffCap);
			received = Math.max(
				received,
				...[...server.sockets].map((socket) => socket.subscriptions.get("chat")?.sent ?? 0),
			);
		}
		expect(received * size).toBeLessThan(server.limits.windowBytes + 60 * size);
		const seqs: number[] = [];
		const loop = (async () => {
			while (seqs.length < 300) seqs.push((await iterator.next()).value?.seq ?? -1);
		})();
		await clock.advance(5_000);
		await loop;
		expect(seqs).toEqual(upTo(300));
	});
});
