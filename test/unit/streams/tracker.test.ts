import { describe, expect, test } from "vitest";
import { encodeEphemeral, encodeMessages, encodeServer } from "../../../protocol/codec/serving.ts";
import type { ResetReason, Start } from "../../../protocol/envelopes.ts";
import { Tracker } from "../../../worker/streams/tracker.ts";

const epoch = "0mws8iikc9alb9adv";
const later = "0mws8j0w2ply4xf6p";

/** The stored text of a message. */
const message = (seq: number) => `{"seq":${seq},"ts":1,"id":"i/${seq}","from":"anonymous","data":${seq}}`;

/** A `msg` that accounts for (after, to] and holds these. */
function messages(channel: string, after: number, seqs: readonly number[], to: number): string {
	return encodeMessages(channel, after, seqs.map(message).join(",\n"), to);
}

function subscribed(ref: number, after: number, of = epoch): string {
	return encodeServer({ type: "subscribed", ref, epoch: of, head: after, after, recovered: false });
}

function reset(channel: string, reason: ResetReason, floor: number, of = epoch, ref?: number): string {
	const head = floor - 1;
	return encodeServer({ type: "reset", ...(ref !== undefined && { ref }), channel, reason, epoch: of, floor, head });
}

/** A tracker, with all it said and told, in order. */
function track(starts: Record<string, Start>) {
	const sent: unknown[] = [];
	const told: string[] = [];
	const tracker = new Tracker(new Map(Object.entries(starts)), {
		send: (frame) => sent.push(...[JSON.parse(frame)].flat()),
		standing: ({ seqs }) => told.push(`standing ${[...seqs].map(([channel, seq]) => `${channel}=${seq}`)}`),
		messages: ({ channel, messages, to }) => told.push(`${channel} ${messages.map(({ seq }) => seq)} to ${to}`),
		ephemeral: (channel, texts) => told.push(`${channel} passing ${texts.length}`),
		lost: ({ channel, reason, epoch, floor }) => told.push(`${channel} lost ${reason} ${epoch}:${floor}`),
		refused: ({ code }) => told.push(`refused ${code}`),
	});
	tracker.subscribe();
	return { tracker, sent, told };
}

const live: Start = { from: "live" };

describe("a tracker of one channel", () => {
	test("subscribes where it is to start, and where it stands on every later socket", () => {
		const { tracker, sent } = track({ chat: { from: "since", ts: 7 } });
		tracker.take(`[${subscribed(1, 3)},${messages("chat", 3, [4, 5], 5)}]`);
		tracker.subscribe();
		tracker.take(subscribed(2, 5));
		tracker.take(messages("chat", 5, [6], 6));
		tracker.subscribe();
		expect(sent).toEqual([
			{ t: "sub", ref: 1, ch: "chat", at: { since: 7 } },
			{ t: "sub", ref: 2, ch: "chat", at: { epoch, seq: 5 } },
			{ t: "sub", ref: 3, ch: "chat", at: { epoch, seq: 6 } },
		]);
	});

	test("tells each message once, whatever overlaps, and moves over what is withheld", () => {
		const { tracker, told } = track({ chat: live });
		tracker.take(subscribed(1, 0));
		tracker.take(messages("chat", 0, [1, 2], 2));
		tracker.take(messages("chat", 0, [1, 2, 3], 3));
		tracker.take(messages("chat", 1, [2, 3], 3));
		tracker.take(messages("chat", 3, [5], 7));
		tracker.take(messages("chat", 7, [], 9));
		tracker.take(messages("chat", 9, [], 9));
		tracker.take(messages("chat", 8, [9, 10], 10));
		expect(told).toEqual([
			"standing chat=0",
			"chat 1,2 to 2",
			"chat 3 to 3",
			"chat 5 to 7",
			"chat  to 9",
			"chat 10 to 10",
		]);
	});

	test("subscribes again where something is missing, and takes nothing before the answer", () => {
		const { tracker, sent, told } = track({ chat: live });
		tracker.take(subscribed(1, 4));
		tracker.take(messages("chat", 6, [7], 7));
		tracker.take(messages("chat", 7, [8], 8));
		tracker.take(encodeEphemeral("chat", '{"ts":1}'));
		tracker.take(`[${subscribed(2, 4)},${messages("chat", 4, [5, 6, 7, 8], 8)}]`);
		expect(sent.slice(1)).toEqual([
			{ t: "sub", ref: 2, ch: "chat", at: { epoch, seq: 4 } },
			{ t: "credit", ch: "chat", seq: 4 },
		]);
		expect(told).toEqual(["standing chat=4", "chat 5,6,7,8 to 8"]);
	});

	test("gives credit where it subscribed again on one socket, for what it did not take; on another there is none to give", () => {
		const { tracker, sent } = track({ chat: live });
		tracker.take(subscribed(1, 3));
		tracker.take(messages("chat", 4, [5], 5));
		tracker.take(subscribed(2, 3));
		expect(sent.slice(2)).toEqual([{ t: "credit", ch: "chat", seq: 3 }]);
		tracker.subscribe();
		tracker.take(subscribed(3, 3));
		expect(sent).toHaveLength(4);
	});

	test("goes on from what is retained when its place is void, also when that is trimmed away meanwhile", () => {
		const { tracker, sent, told } = track({ chat: { from: "position", epoch, seq: 2 } });
		tracker.take(reset("chat", "retention", 5, epoch, 1));
		tracker.take(reset("chat", "retention", 9, epoch, 2));
		tracker.take(`[${subscribed(3, 8)},${messages("chat", 8, [9], 9)}]`);
		expect(sent.slice(1)).toEqual([
			{ t: "sub", ref: 2, ch: "chat", at: { epoch, seq: 4 } },
			{ t: "sub", ref: 3, ch: "chat", at: { epoch, seq: 8 } },
			{ t: "credit", ch: "chat", seq: 8 },
		]);
		expect(told).toEqual([
			"standing chat=4",
			`chat lost retention ${epoch}:5`,
			`chat lost retention ${epoch}:9`,
			"chat 9 to 9",
		]);
	});

	test("hears of a purge once, and not while it subscribes again anyway", () => {
		const { tracker, sent, told } = track({ chat: live });
		tracker.take(subscribed(1, 4));
		tracker.take(reset("chat", "purged", 5));
		tracker.take(reset("chat", "purged", 5));
		expect(sent).toHaveLength(2);
		tracker.take(subscribed(2, 4));
		expect(told).toEqual(["standing chat=4", `chat lost purged ${epoch}:5`]);
	});

	test("ignores answers to what it asked on sockets before, and what no tracker knows", () => {
		const { tracker, sent, told } = track({ chat: live });
		tracker.subscribe();
		tracker.take(subscribed(1, 4));
		tracker.take(reset("chat", "epoch", 1, later, 1));
		tracker.take('{"t":"news","ch":"chat"}');
		tracker.take("not json");
		tracker.take(messages("another", 0, [1], 1));
		expect(told).toEqual([]);
		tracker.take(subscribed(2, 4));
		expect(told).toEqual(["standing chat=4"]);
		expect(sent.length).toBe(2);
	});

	test("tells that its space lets it read nothing", () => {
		const { tracker, told } = track({ chat: live });
		tracker.take(encodeServer({ type: "error", ref: 1, code: "too_big", message: "Too many." }));
		expect(told).toEqual(["refused too_big"]);
	});
});

describe("a tracker of many channels", () => {
	test("tells nothing before each of them stands", () => {
		const { tracker, told } = track({ a: { from: "position", epoch, seq: 1 }, b: live });
		tracker.take(subscribed(1, 1));
		tracker.take(messages("a", 1, [2, 3], 3));
		expect(told).toEqual([]);
		tracker.take(subscribed(2, 7));
		tracker.take(messages("b", 7, [8], 8));
		expect(told).toEqual(["standing a=1,b=7", "a 2,3 to 3", "b 8 to 8"]);
	});

	test("after a wipe, each channel is told its loss, and none is asked for at a seq of the epoch before", () => {
		const { tracker, sent, told } = track({ a: live, b: live });
		tracker.take(`[${subscribed(1, 5)},${subscribed(2, 7)}]`);
		tracker.subscribe();
		tracker.take(reset("a", "epoch", 1, later, 3));
		// The socket is lost before the other is told.
		tracker.subscribe();
		tracker.take(`[${subscribed(6, 0, later)},${subscribed(7, 0, later)},${messages("b", 0, [1], 1)}]`);
		expect(sent.slice(4)).toEqual([
			{ t: "sub", ref: 5, ch: "a", at: { epoch: later, seq: 0 } },
			{ t: "sub", ref: 6, ch: "a", at: { epoch: later, seq: 0 } },
			{ t: "sub", ref: 7, ch: "b", at: { epoch: later, seq: 0 } },
		]);
		expect(told).toEqual(["standing a=5,b=7", `a lost epoch ${later}:1`, "b 1 to 1"]);
	});
});
