import { expect, test } from "vitest";
import { durations, scaleDurations } from "../../../protocol/limits.ts";

test("each duration ships with the value that the documents promise", () => {
	expect(durations).toEqual({
		connect: 10_000,
		answer: 10_000,
		ping: 25_000,
		pong: 10_000,
		backoffBase: 500,
		backoffCap: 30_000,
		backoffFloor: 50,
		spread: 5_000,
		stable: 10_000,
		suspended: 120_000,
		linger: 30_000,
		poll: 25_000,
		resumeWindow: 120_000,
		credit: 1_000,
		slow: 30_000,
		sweep: 900_000,
		trim: 60_000,
		dedup: 86_400_000,
		changes: 86_400_000,
		grace: 15_000,
		presenceBatch: 100,
		memberUpdate: 1_000,
		memberSweep: 15_000,
		unknown: 10_000,
		leeway: 30_000,
		ticket: 60_000,
		call: 30_000,
		callMost: 86_400_000,
		callKept: 86_400_000,
		streamComment: 15_000,
		streamMost: 3_600_000,
		streamRetry: 2_000,
		waitMost: 30_000,
		tcpGreeting: 200,
		tcpDrain: 1_000,
		tcpLine: 200,
	});
});

test("a scale changes every duration but how long publishes are remembered, and none below a millisecond", () => {
	const scaled = scaleDurations(0.01);
	expect(scaled).toMatchObject({ connect: 100, tcpGreeting: 2, backoffFloor: 1, dedup: 86_400_000 });
	expect(scaleDurations(1)).toEqual(durations);
	expect(Math.min(...Object.values(scaleDurations(0)))).toBe(1);
});
