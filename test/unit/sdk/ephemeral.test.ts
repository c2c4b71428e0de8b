import { describe, expect, test } from "vitest";
import type { Message } from "../../../sdk/index.ts";
import { settle } from "./helpers/fake-clock.ts";
import { dataOf, setUp, watch } from "./helpers/setup.ts";

const ephemeral = { ephemeral: true };

describe("an ephemeral publish", () => {
	test("takes no number, and resolves without a seq once the server has it", async () => {
		const { clock, server, channel } = setUp();
		const outcome = watch(channel.publish("x", { ...ephemeral, name: "cursor", key: "k", id: "i" }));
		await clock.advance(20);
		expect(outcome).toEqual({ value: { epoch: server.epoch, seq: null, duplicate: false } });
		const draft = { data: "x", name: "cursor", key: "k", id: "i", ephemeral: true };
		expect(server.of("publish")).toEqual([{ type: "publish", ref: 1, channel: "chat", draft }]);
		watch(channel.publish("stored"));
		await clock.advance(20);
		expect(server.of("publish")[1]).toMatchObject({ n: 0, previous: -1 });
	});

	test("that a lost connection takes along resolves, and is not sent again", async () => {
		const { clock, server, channel } = setUp();
		watch(channel.publish("first"));
		await clock.advance(20);
		server.hook = (envelope) => (envelope.type === "publish" ? "ignore" : undefined);
		const outcome = watch(channel.publish("x", ephemeral));
		await clock.advance(20);
		expect(outcome).toEqual({});
		server.cut();
		await clock.advance(60_000);
		expect(outcome).toMatchObject({ value: { seq: null } });
		expect(server.of("publish").map(({ draft }) => draft.data)).toEqual(["first", "x"]);
	});

	test("waits for a connection while it is fresh, behind what is stored", async () => {
		const { clock, server, channel } = setUp();
		const outcomes = [channel.publish("passing", ephemeral), channel.publish("stored")].map((each) => watch(each));
		await clock.advance(20);
		expect(outcomes).toMatchObject([{ value: { seq: null } }, { value: { seq: 1 } }]);
		expect(server.of("publish").map(({ draft }) => draft.data)).toEqual(["stored", "passing"]);
		server.cut();
		server.refuse = 1006;
		await clock.advance(10);
		const late = watch(channel.publish("late", ephemeral));
		await clock.advance(5_000);
		server.refuse = undefined;
		await clock.advance(4_900);
		expect(late).toMatchObject({ value: { seq: null } });
	});

	test("that finds no connection in ten seconds rejects with timeout, and is not sent when one comes", async () => {
		const { clock, server, channel } = setUp();
		server.refuse = 1006;
		const outcomes = [watch(channel.publish("a", ephemeral))];
		await clock.advance(6_000);
		outcomes.push(watch(channel.publish("b", ephemeral)));
		await clock.advance(4_001);
		expect(outcomes).toMatchObject([{ error: { code: "timeout", retryable: true } }, {}]);
		await clock.advance(6_000);
		expect(outcomes[1]).toMatchObject({ error: { code: "timeout" } });
		server.refuse = undefined;
		await clock.advance(60_000);
		expect(server.of("publish")).toEqual([]);
	});

	test("that the server refuses rejects with its code; one over the limit is not sent at all", async () => {
		const { clock, server, channel } = setUp();
		server.hook = (envelope) =>
			"ref" in envelope ? { type: "error", ref: envelope.ref, code: "forbidden", message: "no" } : undefined;
		const outcomes = ["x", "x".repeat(65_536)].map((data) => watch(channel.publish(data, ephemeral)));
		await clock.advance(20);
		expect(outcomes).toMatchObject([{ error: { code: "forbidden" } }, { error: { code: "too_big" } }]);
		expect(server.of("publish")).toHaveLength(1);
	});

	test("keeps to the window, to the size of its queue, and to the signal it is given", async () => {
		const { clock, server, channel } = setUp({ inFlight: 2, queueMessages: 3 });
		server.hook = () => "ignore";
		const aborts = new AbortController();
		const outcomes = ["a", "b", "c", "d"].map((data) =>
			watch(channel.publish(data, { ...ephemeral, signal: aborts.signal })),
		);
		await settle();
		expect(outcomes[3]).toMatchObject({ error: { code: "queue_full" } });
		await clock.advance(20);
		expect(server.of("publish")).toHaveLength(2);
		aborts.abort("enough");
		await clock.advance(20);
		expect(outcomes.slice(0, 3)).toEqual(Array(3).fill({ error: "enough" }));
		expect(server.of("publish")).toHaveLength(2);
	});

	test("rejects with closed after close, and leaves no timer", async () => {
		const { clock, server, aerogram, channel } = setUp();
		server.refuse = 1006;
		const outcome = watch(channel.publish("x", ephemeral));
		await clock.advance(10);
		aerogram.close();
		await settle();
		expect(outcome).toMatchObject({ error: { code: "closed" } });
		expect(clock.timers).toBe(0);
	});

	test("may ask for no echo, which what is stored may not", async () => {
		const { clock, server, channel } = setUp();
		watch(channel.publish("x", { ...ephemeral, echo: false }));
		await clock.advance(20);
		expect(server.of("publish")).toMatchObject([{ echo: false }]);
		const outcome = watch(channel.publish("x", { echo: false }));
		await settle();
		expect(outcome).toMatchObject({ error: { code: "bad_request" } });
	});
});

describe("a subscription", () => {
	test("gets ephemeral messages in their place, marked as such, and they move no position", async () => {
		const { clock, server, channel } = setUp();
		const seen: Message<string | number>[] = [];
		const subscription = channel.subscribe((message) => void seen.push(message));
		await clock.advance(20);
		server.append("chat", 1);
		server.pass("chat", "a", "b");
		server.append("chat", 2);
		server.pass("chat", "c");
		await clock.advance(20);
		expect(dataOf(seen)).toEqual([1, "a", "b", 2, "c"]);
		expect(seen[1]).toEqual({ seq: 0, ts: 0, id: "", from: "anonymous", data: "a", ephemeral: true });
		expect(seen.map(({ ephemeral = false }) => ephemeral)).toEqual([false, true, true, false, true]);
		expect(subscription.position).toMatchObject({ seq: 2, id: "server/2" });
		server.cut();
		await clock.advance(10_000);
		expect(server.of("subscribe").at(-1)).toMatchObject({ start: { seq: 2, id: "server/2" } });
	});

	test("gives credit for what it was only passed, at the place where it stands", async () => {
		const { clock, server, channel } = setUp();
		const subscription = channel.subscribe(() => {});
		await clock.advance(20);
		server.append("chat", 1);
		await clock.advance(2_000);
		expect(server.of("credit").map(({ seq }) => seq)).toEqual([1]);
		server.pass("chat", "a");
		await clock.advance(2_000);
		expect(server.of("credit").map(({ seq }) => seq)).toEqual([1, 1]);
		for (let count = 0; count < 64; count++) server.pass("chat", "b");
		await clock.advance(10);
		expect(server.of("credit").map(({ seq }) => seq)).toEqual([1, 1, 1, 1]);
		subscription.unsubscribe();
	});

	test("that misses something stored takes no ephemeral message until it has it", async () => {
		const { clock, server, channel } = setUp();
		const seen: Message<string | number>[] = [];
		channel.subscribe((message) => void seen.push(message));
		await clock.advance(20);
		for (const data of [1, 2]) server.log("chat").append(data);
		for (const socket of server.sockets) {
			socket.send({ type: "messages", channel: "chat", after: 2, to: 2, entries: [] });
			socket.send({ type: "ephemeral", channel: "chat", entries: [{ ts: 0, from: "x", data: "too early" }] });
		}
		await clock.advance(20);
		server.pass("chat", "now");
		await clock.advance(20);
		expect(dataOf(seen)).toEqual([1, 2, "now"]);
	});

	test("whose application is slow drops ephemeral messages beyond a window, and never a stored one", async () => {
		const { clock, server, channel } = setUp();
		const taken = channel.subscribe();
		await clock.advance(20);
		for (let count = 0; count < 10; count++) {
			server.append("chat", count);
			server.pass("chat", "x".repeat(60_000));
			await clock.advance(10);
		}
		const seen: Message<string | number>[] = [];
		for await (const message of taken) {
			seen.push(message);
			if (message.seq === 10) break;
		}
		expect(seen.filter(({ seq }) => seq > 0)).toHaveLength(10);
		expect(seen.filter(({ ephemeral: passed }) => passed)).toHaveLength(5);
	});
});
