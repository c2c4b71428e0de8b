import { describe, expect, test } from "vitest";
import { durations } from "../../../protocol/limits.ts";
import { dataOf, setUp, watch } from "./helpers/setup.ts";

const reconnect = durations.spread + 10;

describe("a publish on a condition", () => {
	test("is stored while the head is what it says, else refused with what the head is", async () => {
		const { clock, server, channel } = setUp();
		const outcomes = [0, 1, 1, 2].map((ifSeq) => watch(channel.publish(`if ${ifSeq}`, { ifSeq })));
		await clock.advance(20);
		expect(outcomes).toMatchObject([
			{ value: { seq: 1 } },
			{ value: { seq: 2 } },
			{ error: { code: "condition_failed", retryable: false, state: { epoch: server.epoch, head: 2 } } },
			{ value: { seq: 3 } },
		]);
		expect(dataOf(server.log("chat").messages)).toEqual(["if 0", "if 1", "if 2"]);
	});

	test("whose answer is lost is stored once, although its own message made the condition false", async () => {
		const { clock, server, channel } = setUp();
		server.answers = () => false;
		const outcome = watch(channel.publish("once", { ifSeq: 0 }));
		await clock.advance(20);
		server.answers = () => true;
		server.cut();
		await clock.advance(reconnect);
		expect(outcome.value).toMatchObject({ seq: 1, duplicate: true });
		expect(server.log("chat").head).toBe(1);
	});

	test("that never arrived is refused when somebody else was faster", async () => {
		const { clock, server, channel } = setUp();
		server.hook = () => "ignore";
		const outcome = watch(channel.publish("late", { ifSeq: 0 }));
		await clock.advance(20);
		server.hook = undefined;
		server.append("chat", "faster");
		server.cut();
		await clock.advance(reconnect);
		expect(outcome.error).toMatchObject({ code: "condition_failed", state: { head: 1 } });
	});

	test("is never sent into another life of the space: unknown where it was sent, else wiped", async () => {
		const { clock, server, channel } = setUp({ inFlight: 1 });
		await Promise.all([channel.publish("first"), clock.advance(20)]);
		server.hook = () => "ignore";
		const outcomes = ["sent", "waiting"].map((data) => watch(channel.publish(data, { ifSeq: 0 })));
		const plain = watch(channel.publish("plain"));
		await clock.advance(20);
		server.hook = undefined;
		server.wipe();
		await clock.advance(reconnect);
		expect(outcomes).toMatchObject([{ error: { code: "unknown_outcome" } }, { error: { code: "wiped" } }]);
		expect(plain.value?.seq).toBe(1);
		expect(dataOf(server.log("chat").messages)).toEqual(["plain"]);
	});

	test("must be a seq, and is not for what is not stored", async () => {
		const { channel } = setUp();
		for (const options of [{ ifSeq: -1 }, { ifSeq: 0.5 }, { ifSeq: 0, ephemeral: true }]) {
			await expect(channel.publish("x", options)).rejects.toMatchObject({ code: "bad_request" });
		}
	});
});

describe("a full queue that drops the oldest", () => {
	test("rejects each that gives way, and stores the latest in order", async () => {
		for (const limit of [{ queueMessages: 3 }, { queueBytes: 9 }]) {
			const { clock, server, channel } = setUp({ ...limit, queueOverflow: "drop-oldest" });
			server.refuse = 1006;
			const outcomes = ["a", "b", "c", "d", "e"].map((data) => watch(channel.publish(data)));
			await clock.advance(1);
			expect(outcomes.slice(0, 2).map(({ error }) => error)).toMatchObject([
				{ code: "queue_full", retryable: true },
				{ code: "queue_full" },
			]);
			server.refuse = undefined;
			await clock.advance(reconnect);
			expect(dataOf(server.log("chat").messages)).toEqual(["c", "d", "e"]);
			expect(outcomes.slice(2).map(({ value }) => value?.seq)).toEqual([1, 2, 3]);
		}
	});

	test("never drops what was sent, nor anything for one that has no room at all", async () => {
		const { clock, server, channel } = setUp({ queueMessages: 2, queueBytes: 20, queueOverflow: "drop-oldest" });
		server.hook = () => "ignore";
		const sent = ["a", "b"].map((data) => watch(channel.publish(data)));
		await clock.advance(20);
		await expect(channel.publish("c")).rejects.toMatchObject({ code: "queue_full" });
		server.cut();
		server.refuse = 1006;
		await clock.advance(1);
		await expect(channel.publish("d")).rejects.toMatchObject({ code: "queue_full" });
		await expect(channel.publish("x".repeat(30))).rejects.toMatchObject({ code: "queue_full" });
		server.refuse = undefined;
		server.hook = undefined;
		await clock.advance(reconnect + durations.backoffCap);
		expect(sent.map(({ value }) => value?.seq)).toEqual([1, 2]);
	});
});
