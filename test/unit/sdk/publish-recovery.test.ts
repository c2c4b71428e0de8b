import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../../protocol/errors.ts";
import { durations } from "../../../protocol/limits.ts";
import type { FakeServer } from "./helpers/fake-server.ts";
import { dataOf, setUp, watch } from "./helpers/setup.ts";

/** Refuses the first publish of each given data, with this code. */
function refuseOnce(server: FakeServer, code: ErrorCode, ...data: readonly unknown[]): void {
	const refused = new Set(data);
	server.hook = (envelope) => {
		if (envelope.type !== "publish" || !refused.delete(envelope.draft.data)) return undefined;
		return { type: "error", ref: envelope.ref, code, message: "refused" };
	};
}

const chain = (server: FakeServer) => server.of("publish").map(({ n, previous }) => `${n}<${previous}`);

describe("a lost connection", () => {
	test("sends what had no answer again, in order, under the same numbers, and it is stored once", async () => {
		const { clock, server, channel } = setUp();
		server.answers = () => false;
		const publishes = ["a", "b", "c"].map((data) => watch(channel.publish(data)));
		await clock.advance(10);
		server.answers = () => true;
		server.cut();
		await clock.advance(durations.spread);
		expect(publishes.map(({ value }) => value)).toEqual(
			[1, 2, 3].map((seq) => ({ epoch: server.epoch, seq, duplicate: true })),
		);
		expect(dataOf(server.log("chat").messages)).toEqual(["a", "b", "c"]);
		expect(chain(server)).toEqual(["0<-1", "1<0", "2<1", "0<-1", "1<0", "2<1"]);
		expect(new Set(server.of("publish").map(({ ref }) => ref)).size).toBe(6);
	});

	test("an acknowledged publish whose message is gone resolves without a seq", async () => {
		const { clock, server, channel } = setUp();
		server.answers = () => false;
		const publish = watch(channel.publish("a"));
		await clock.advance(10);
		server.log("chat").trim(2);
		server.answers = () => true;
		server.cut();
		await clock.advance(durations.spread);
		expect(publish.value).toEqual({ epoch: server.epoch, seq: null, duplicate: true });
	});

	test("a publish without an answer in time ends the connection, and patience grows with each attempt", async () => {
		const { clock, server, channel, space } = setUp({ random: () => 0 });
		server.hook = (envelope) => (envelope.type === "publish" ? "ignore" : undefined);
		channel.publish("a").catch(() => {});
		await clock.advance(durations.answer + 10);
		expect(space.reason?.code).toBe("timeout");
		await clock.advance(100_000);
		const waits = server.connects.slice(1).map((at, index) => at - (server.connects[index] ?? 0));
		expect(waits.slice(0, 3).map((wait) => Math.round(wait / 100))).toEqual([101, 151, 226]);
	});

	test("a publish of long ago is not repeated, because the server may no longer know it", async () => {
		const { clock, server, channel } = setUp();
		server.answers = () => false;
		const old = watch(channel.publish("old"));
		await clock.advance(10);
		server.refuse = 1006;
		server.cut();
		const unsent = watch(channel.publish("unsent"));
		await clock.advance(durations.dedup * 0.9);
		server.refuse = undefined;
		server.answers = () => true;
		await clock.advance(durations.backoffCap + 10);
		expect(old.error).toMatchObject({ code: "unknown_outcome" });
		expect(unsent.value?.seq).toBe(2);
		expect(server.of("publish").filter(({ draft }) => draft.data === "old")).toHaveLength(1);
	});

	test("a wipe in between: what was sent is unknown, the rest begins a new chain", async () => {
		const { clock, server, channel } = setUp({ inFlight: 1 });
		await Promise.all([channel.publish("stored"), clock.advance(10)]);
		server.answers = () => false;
		const sent = watch(channel.publish("sent"));
		const unsent = watch(channel.publish("unsent"));
		await clock.advance(5);
		server.answers = () => true;
		server.wipe();
		await clock.advance(durations.spread + 10);
		expect(sent.error).toMatchObject({ code: "unknown_outcome" });
		expect(unsent.value).toEqual({ epoch: server.epoch, seq: 1, duplicate: false });
		expect(chain(server)).toEqual(["0<-1", "1<0", "2<-1"]);
	});

	test("a message the server closed for is rejected, and what flew with it is stored", async () => {
		const { clock, server, channel } = setUp();
		const small = watch(channel.publish("small"));
		const large = watch(channel.publish("large".repeat(100)));
		server.hook = (envelope) => {
			if (envelope.type !== "publish" || String(envelope.draft.data).length < 100) return undefined;
			server.cut(4109);
			return "ignore";
		};
		await clock.advance(5_000);
		expect(large.error).toMatchObject({ code: "too_big" });
		expect(small.value?.seq).toBe(1);
	});

	test("answers to an attempt that is not the latest are void", async () => {
		const { clock, server, channel } = setUp();
		const late: (() => void)[] = [];
		server.hook = (envelope) => {
			if (envelope.type !== "publish" || late.length > 0) return undefined;
			const answer = { type: "error", ref: envelope.ref, code: "forbidden", message: "" } as const;
			late.push(() => server.sockets.forEach((socket) => void socket.send(answer)));
			return "ignore";
		};
		const publish = watch(channel.publish("a"));
		await clock.advance(10);
		server.cut();
		for (let step = 0; step < 6_000 && !publish.value; step++) {
			if (server.sockets.size > 0) for (const send of late) send();
			await clock.advance(1);
		}
		expect(publish).toMatchObject({ value: { seq: 1 } });
	});
});

describe("a refusal", () => {
	test("for good rejects that publish alone; those behind it no longer name it", async () => {
		const { clock, server, channel } = setUp();
		refuseOnce(server, "forbidden", "b", "c");
		const [a, b, c, d] = ["a", "b", "c", "d"].map((data) => watch(channel.publish(data)));
		await clock.advance(20);
		expect([b?.error, c?.error]).toMatchObject([{ code: "forbidden" }, { code: "forbidden" }]);
		expect([a?.value?.seq, d?.value?.seq]).toEqual([1, 2]);
		expect(chain(server)).toEqual(["0<-1", "1<0", "2<1", "3<2", "3<0"]);
	});

	test("for now holds back that publish and those behind it, which then go in order", async () => {
		const { clock, server, channel, errors } = setUp({ random: () => 0.999 });
		refuseOnce(server, "storage_full", "b");
		const publishes = ["a", "b", "c"].map((data) => watch(channel.publish(data)));
		await clock.advance(durations.backoffBase - 10);
		expect(publishes.map(({ value }) => value?.seq)).toEqual([1, undefined, undefined]);
		expect(errors).toMatchObject([{ code: "storage_full", retryable: true }]);
		await clock.advance(20);
		expect(publishes.map(({ value }) => value?.seq)).toEqual([1, 2, 3]);
		expect(dataOf(server.log("chat").messages)).toEqual(["a", "b", "c"]);
	});

	test("of one channel does not hold back another", async () => {
		const { clock, server, space, channel } = setUp();
		refuseOnce(server, "internal", "a");
		const held = watch(channel.publish("a"));
		const other = watch(space.channel("other").publish("b"));
		await clock.advance(20);
		expect([held.value, other.value?.seq]).toEqual([undefined, 1]);
		await clock.advance(durations.backoffBase);
		expect(held.value?.seq).toBe(1);
	});

	test("of a client's very first publish leaves nothing unknown, even when it was sent before", async () => {
		const { clock, server, channel } = setUp();
		server.hook = () => "ignore";
		const [first, second] = ["first", "second"].map((data) => watch(channel.publish(data)));
		await clock.advance(10);
		server.cut();
		refuseOnce(server, "forbidden", "first");
		await clock.advance(durations.spread + 10);
		expect(first?.error).toMatchObject({ code: "forbidden" });
		expect(second?.value?.seq).toBe(1);
		expect(chain(server).slice(-3)).toEqual(["0<-1", "1<0", "1<-1"]);
	});

	test("out_of_order takes the server's word on what it stored last", async () => {
		const { clock, server, channel } = setUp();
		await Promise.all([channel.publish("a"), channel.publish("b"), clock.advance(10)]);
		let older = true;
		server.hook = (envelope) => {
			if (envelope.type !== "publish" || !older) return undefined;
			older = false;
			return { type: "error", ref: envelope.ref, code: "out_of_order", message: "", last: 0 };
		};
		const publishes = ["c", "d"].map((data) => watch(channel.publish(data)));
		await clock.advance(20);
		expect(publishes.map(({ value }) => value?.seq)).toEqual([3, 4]);
		expect(chain(server).slice(-4)).toEqual(["2<1", "3<2", "2<0", "3<2"]);
	});

	test("that makes no sense is not repeated in a hurry", async () => {
		const { clock, server, channel } = setUp();
		server.hook = (envelope) =>
			envelope.type === "publish"
				? { type: "error", ref: envelope.ref, code: "out_of_order", message: "", last: 99 }
				: undefined;
		channel.publish("a").catch(() => {});
		await clock.advance(60_000);
		expect(server.of("publish").length).toBeLessThan(30);
	});

	test("producer_unknown begins a new chain when nothing can be stored twice", async () => {
		const { clock, server, channel } = setUp();
		await Promise.all([channel.publish("a"), clock.advance(10)]);
		server.log("chat").forgetProducers();
		const publishes = ["b", "c"].map((data) => watch(channel.publish(data)));
		await clock.advance(20);
		expect(publishes.map(({ value }) => value?.seq)).toEqual([2, 3]);
		expect(chain(server).slice(-2)).toEqual(["1<-1", "2<1"]);
	});

	test("producer_unknown makes the outcome of what was sent before unknown", async () => {
		const { clock, server, channel } = setUp();
		await Promise.all([channel.publish("a"), clock.advance(10)]);
		server.answers = () => false;
		const sent = watch(channel.publish("sent"));
		await clock.advance(10);
		server.answers = () => true;
		server.cut();
		server.log("chat").forgetProducers();
		const unsent = watch(channel.publish("unsent"));
		await clock.advance(durations.spread);
		expect(sent.error).toMatchObject({ code: "unknown_outcome", retryable: false });
		expect(unsent.value).toMatchObject({ duplicate: false });
		expect(dataOf(server.log("chat").messages)).toEqual(["a", "sent", "unsent"]);
	});
});

test("a client id that was used before is told, because its numbers were taken", async () => {
	const { clock, server, connect, channel } = setUp({ client: "worker-1" });
	await Promise.all([channel.publish("first run"), clock.advance(10)]);
	const again = connect();
	const lost = watch(again.space("default").channel("chat").publish("second run"));
	await clock.advance(10);
	expect(lost.error).toMatchObject({ code: "idempotency_mismatch" });
	expect(server.log("chat").head).toBe(1);
	again.close();
});

test("closing tells the unsent that they were not sent and the sent that nobody knows", async () => {
	const { clock, server, channel, aerogram } = setUp({ inFlight: 1 });
	server.answers = () => false;
	const sent = watch(channel.publish("sent"));
	const unsent = watch(channel.publish("unsent"));
	await clock.advance(10);
	aerogram.close();
	await clock.advance(0);
	expect(sent.error).toMatchObject({ code: "unknown_outcome", cause: { code: "closed" } });
	expect(unsent.error).toMatchObject({ code: "closed" });
});
