import { describe, expect, test } from "vitest";
import { encodeServer } from "../../../protocol/codec/serving.ts";
import { durations, limits } from "../../../protocol/limits.ts";
import { isAerogramError, type TransportEvents } from "../../../sdk/index.ts";
import { setUp, watch } from "./helpers/setup.ts";

describe("a connection", () => {
	test("is not opened before something needs it", async () => {
		const { clock, server, space } = setUp();
		await clock.advance(60_000);
		expect(space.state).toBe("idle");
		expect(server.connects).toEqual([]);
	});

	test("opens at the first publish and rests 30 s after the last use, leaving no timer", async () => {
		const { clock, server, space, channel, states } = setUp();
		await Promise.all([channel.publish("one"), clock.advance(10)]);
		expect(space.state).toBe("connected");
		await clock.advance(durations.linger - 100);
		expect(space.state).toBe("connected");
		await clock.advance(200);
		expect(states).toEqual(["connecting", "connected", "idle"]);
		expect(server.sockets.size).toBe(0);
		expect(clock.timers).toBe(0);
	});

	test("stays for as long as a subscription stands, and longer than the linger", async () => {
		const { clock, space, channel } = setUp();
		const subscription = channel.subscribe();
		await clock.advance(200_000);
		expect(space.state).toBe("connected");
		subscription.unsubscribe();
		await clock.advance(durations.linger + 10);
		expect(space.state).toBe("idle");
	});

	test("a use that begins during the linger keeps it, however long it lasts", async () => {
		const { clock, server, channel } = setUp();
		await Promise.all([channel.publish("one"), clock.advance(20_000)]);
		await Promise.all([channel.publish("two"), clock.advance(20_000)]);
		channel.subscribe();
		await clock.advance(100_000);
		expect(server.connects).toHaveLength(1);
		expect(server.sockets.size).toBe(1);
	});

	test("can be opened ahead of the first use", async () => {
		const { clock, space } = setUp();
		space.connect();
		await clock.advance(10);
		expect(space.state).toBe("connected");
		await clock.advance(durations.linger);
		expect(space.state).toBe("idle");
	});

	test("that gets no welcome in time is given up and tried again", async () => {
		const { clock, server, space, channel } = setUp();
		server.mute = true;
		channel.subscribe();
		await clock.advance(durations.connect + 1);
		expect(space.reason?.code).toBe("timeout");
		server.mute = false;
		await clock.advance(durations.backoffBase + 10);
		expect(space.state).toBe("connected");
		expect(space.reason).toBeUndefined();
	});

	test("that was refused backs off longer and longer, and calls itself suspended after two minutes", async () => {
		const { clock, server, space, channel, states } = setUp({ random: () => 0.999 });
		server.refuse = 1006;
		channel.subscribe();
		await clock.advance(durations.suspended - 40_000);
		const gaps = server.connects.slice(1).map((at, index) => Math.round((at - (server.connects[index] ?? 0)) / 500));
		expect(gaps).toEqual([1, 2, 4, 8, 16, 32, 60]);
		expect(states).not.toContain("suspended");
		await clock.advance(60_000);
		expect(states).toContain("suspended");
		server.refuse = undefined;
		await clock.advance(durations.backoffCap);
		expect(space.state).toBe("connected");
	});

	test("that was up when the server dropped it waits a random part of the spread", async () => {
		const { clock, server, channel, space } = setUp({ random: () => 0.5 });
		const changes: (number | undefined)[] = [];
		space.on("state", ({ state, retryIn }) => void (state === "waiting" && changes.push(retryIn)));
		channel.subscribe();
		await clock.advance(10);
		for (const code of [1006, 1012, 4202]) {
			server.cut(code);
			await clock.advance(durations.spread + durations.stable + 10);
		}
		expect(changes).toEqual([2_500, 2_500, 2_500]);
	});

	test("that was up only shortly goes on backing off", async () => {
		const { clock, server, channel, space } = setUp({ random: () => 0.999 });
		const delays: number[] = [];
		space.on("state", ({ retryIn }) => void (retryIn !== undefined && delays.push(Math.round(retryIn))));
		channel.subscribe();
		for (let round = 0; round < 4; round++) {
			await clock.advance(10_000);
			server.cut(4100);
		}
		expect(delays.map((delay) => Math.round(delay / 500))).toEqual([1, 2, 4, 8]);
		await clock.advance(durations.stable + 10_000);
		server.cut(4100);
		expect(Math.round((delays.at(-1) ?? 0) / 500)).toBe(1);
	});

	test("connect does not wait for the next attempt, and starts the back-off over", async () => {
		const { clock, server, channel, space } = setUp({ random: () => 0.999 });
		server.refuse = 1006;
		channel.subscribe();
		await clock.advance(40_000);
		expect(space.state).toBe("waiting");
		const before = server.connects.length;
		space.connect();
		expect(server.connects.length).toBe(before + 1);
		await clock.advance(4_000);
		expect(server.connects.length).toBe(before + 4);
	});

	test("does not listen to a transport it has given up", async () => {
		const late: TransportEvents[] = [];
		const { clock, space, channel } = setUp({
			transport: () => ({ open: (events) => void late.push(events), send() {}, close() {} }),
		});
		channel.subscribe();
		await clock.advance(durations.connect + durations.backoffBase);
		expect(late).toHaveLength(2);
		expect(space.state).toBe("connecting");
		const welcome = {
			type: "welcome",
			greeting: "",
			epoch: "0000000001aa",
			connection: "",
			limits,
			features: [],
		} as const;
		late[0]?.received(encodeServer(welcome));
		late[0]?.closed(4001, "");
		expect(space.state).toBe("connecting");
		late[1]?.received(encodeServer(welcome));
		expect(space.state).toBe("connected");
	});

	test("a failing code is the end until connect is called", async () => {
		const { clock, server, channel, space, states } = setUp();
		const publish = watch(channel.publish("one"));
		server.refuse = 4003;
		await clock.advance(600_000);
		expect(states).toEqual(["connecting", "failed"]);
		expect(publish.error).toMatchObject({ code: "forbidden", retryable: false });
		expect(watch(channel.publish("two"))).toEqual({});
		await clock.advance(1);
		expect(server.connects).toHaveLength(1);
		server.refuse = undefined;
		space.connect();
		await clock.advance(10);
		expect(space.state).toBe("connected");
		await expect(Promise.all([channel.publish("three"), clock.advance(10)])).resolves.toBeDefined();
	});

	test("a second connection of the same client takes over, and the first does not come back", async () => {
		const { clock, server, connect, channel, space } = setUp({ client: "twin" });
		const ended = watch(channel.subscribe()[Symbol.asyncIterator]().next());
		await clock.advance(10);
		const other = connect();
		other.space("default").connect();
		await clock.advance(60_000);
		expect(space.state).toBe("failed");
		expect(ended.error).toMatchObject({ code: "replaced" });
		expect(server.connects).toHaveLength(2);
		other.close();
	});

	test("the last word of the server counts more than the code the network made of it", async () => {
		const { clock, server, channel, space } = setUp();
		channel.subscribe();
		await clock.advance(10);
		for (const socket of server.sockets) socket.send({ type: "bye", code: "replaced", message: "elsewhere" });
		await clock.advance(5);
		server.cut(1006);
		expect(space.state).toBe("failed");
		expect(space.reason?.message).toBe("elsewhere");
	});

	test("close leaves no timer and no socket, whatever the state", async () => {
		for (const time of [0, 0.5, 5, 20_000, 30_000]) {
			const { clock, server, channel, aerogram, space } = setUp();
			server.refuse = time === 20_000 ? 1006 : undefined;
			channel.subscribe(() => {});
			const publish = watch(channel.publish("one"));
			await clock.advance(time);
			if (time === 30_000) server.cut();
			aerogram.close();
			await clock.advance(0);
			expect(space.state).toBe("closed");
			expect(server.sockets.size).toBe(0);
			// What the fake server has under way is not the client's.
			await clock.advance(server.latency);
			expect(clock.timers).toBe(0);
			if (!publish.value) expect(isAerogramError(publish.error)).toBe(true);
		}
	});

	test("close during the linger leaves no timer", async () => {
		const { clock, channel, aerogram } = setUp();
		await Promise.all([channel.publish("one"), clock.advance(1_000)]);
		aerogram.close();
		expect(clock.timers).toBe(0);
	});

	test("a closed client makes no spaces, and a closed space takes nothing more", async () => {
		const { aerogram, channel, clock } = setUp();
		aerogram.close();
		expect(() => aerogram.space("other")).toThrow(expect.objectContaining({ code: "closed" }));
		const publish = watch(channel.publish("late"));
		const next = watch(channel.subscribe()[Symbol.asyncIterator]().next());
		await clock.advance(1);
		expect(publish.error).toMatchObject({ code: "closed" });
		expect(next.error).toMatchObject({ code: "closed" });
	});
});

describe("the heartbeat", () => {
	test("pings a quiet connection every 25 s, give or take a fifth", async () => {
		const { clock, server, channel } = setUp();
		channel.subscribe();
		await clock.advance(1_000_000);
		const pauses = server.pings.slice(1).map((at, index) => at - (server.pings[index] ?? 0));
		expect(pauses.length).toBeGreaterThan(30);
		expect(Math.min(...pauses)).toBeGreaterThanOrEqual(20_000);
		expect(Math.min(...pauses)).toBeLessThan(22_000);
		expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
		expect(Math.max(...pauses)).toBeGreaterThan(28_000);
		expect(server.connects).toHaveLength(1);
	});

	test("gives up a connection without a sign of life, at once and for good", async () => {
		const { clock, server, channel, space } = setUp({ random: () => 0.5 });
		channel.subscribe();
		await clock.advance(10);
		server.frozen = true;
		await clock.advance(durations.ping + durations.pong);
		expect(space.reason?.code).toBe("timeout");
		expect(server.sockets.size).toBe(0);
		await clock.advance(durations.backoffBase);
		expect(server.connects).toHaveLength(2);
	});

	test("takes any frame for a sign of life", async () => {
		const { clock, server, channel } = setUp();
		channel.subscribe(() => {});
		server.frozen = true;
		for (let second = 0; second < 100; second++) {
			await clock.advance(1_000);
			server.append("chat", second);
		}
		expect(server.pings.length).toBeGreaterThan(1);
		expect(server.connects).toHaveLength(1);
	});
});
