import { expect, test } from "vitest";
import { decodeServerFrame } from "../../../protocol/codec/envelope.ts";
import type { ErrorCode } from "../../../protocol/errors.ts";
import { limits } from "../../../protocol/limits.ts";
import { Outbox } from "../../../worker/space/parts/outbox/outbox.ts";
import type { Receiver, Run } from "../../../worker/space/ports.ts";

const channel = { number: 1, name: "chat" };
const size = 10_000;

/** A log of messages of one size, with a receiver that remembers the ranges it was sent. */
class Bench {
	now = 0;
	head = 0;
	readonly outbox = new Outbox(
		{
			head: () => this.head,
			page: (_, after) => (after < this.head ? this.run(after, Math.min(this.head, after + 5)) : undefined),
		},
		() => this.now,
		1_000,
	);

	run(after: number, to: number): Run {
		const texts = Array.from(
			{ length: to - after },
			(_, index) => `{"seq":${after + 1 + index},"data":"${"x".repeat(size)}"}`,
		);
		return { after, to, body: texts.join(",\n") };
	}

	publish(count = 1): void {
		const after = this.head;
		this.head += count;
		this.outbox.publish({ channel, ...this.run(after, this.head) });
	}
}

class Reader implements Receiver {
	readonly client: string;
	readonly ranges: (readonly [number, number])[] = [];
	/** Ephemeral envelopes it got. */
	passed = 0;
	closed: ErrorCode | undefined;

	constructor(client = "") {
		this.client = client;
	}

	write(envelope: string): void {
		const decoded = decodeServerFrame(envelope);
		for (const each of decoded.ok ? decoded.value : []) {
			if (each.type === "messages") this.ranges.push([each.after, each.to]);
			if (each.type === "ephemeral") this.passed += 1;
		}
	}

	close(code: ErrorCode): void {
		this.closed = code;
	}

	get to(): number {
		return this.ranges.at(-1)?.[1] ?? 0;
	}
}

function isContiguous(ranges: readonly (readonly [number, number])[]): boolean {
	return ranges.every(([after], index) => index === 0 || after === ranges[index - 1]?.[1]);
}

test("a reader that gives no credit is sent one window and then nothing, while others get everything", () => {
	const bench = new Bench();
	const [slow, quick] = [new Reader(), new Reader()];
	for (const reader of [slow, quick]) bench.outbox.subscribe(reader, channel, 0);
	for (let index = 0; index < 200; index++) {
		bench.publish();
		bench.outbox.credit(quick, 1, bench.head);
	}
	expect(quick.to).toBe(200);
	expect(slow.to * size).toBeGreaterThan(limits.windowBytes - 2 * size);
	expect(slow.to * size).toBeLessThan(limits.windowBytes + 2 * size);
});

test("credit brings the rest from the log in order, and then live messages, without a gap", () => {
	const bench = new Bench();
	const reader = new Reader();
	bench.outbox.subscribe(reader, channel, 0);
	bench.publish(3);
	for (let index = 0; index < 100; index++) bench.publish();
	while (reader.to < bench.head) bench.outbox.credit(reader, 1, reader.to);
	bench.publish();
	expect(reader.to).toBe(104);
	expect(isContiguous(reader.ranges)).toBe(true);
});

test("credit for less than was sent opens the window by just that much", () => {
	const bench = new Bench();
	const reader = new Reader();
	bench.outbox.subscribe(reader, channel, 0);
	for (let index = 0; index < 100; index++) bench.publish();
	const before = reader.to;
	bench.outbox.credit(reader, 1, 1);
	expect(reader.to - before).toBeGreaterThan(0);
	expect(reader.to - before).toBeLessThanOrEqual(6);
});

test("a reader that stays behind without credit is closed as a slow consumer; one that is idle never is", () => {
	const bench = new Bench();
	const [stuck, idle] = [new Reader(), new Reader()];
	bench.outbox.subscribe(stuck, channel, 0);
	bench.outbox.subscribe(idle, { number: 2, name: "quiet" }, 0);
	for (let index = 0; index < 50; index++) bench.publish();
	bench.now += 1_001;
	bench.outbox.closeStuck();
	expect(stuck.closed).toBe("slow_consumer");
	expect(idle.closed).toBeUndefined();
});

test("a publish closes a slow consumer too, and nothing is written to it any more", () => {
	const bench = new Bench();
	const [stuck, quick] = [new Reader(), new Reader()];
	for (const reader of [stuck, quick]) bench.outbox.subscribe(reader, channel, 0);
	for (let index = 0; index < 50; index++) {
		bench.publish();
		bench.outbox.credit(quick, 1, bench.head);
	}
	bench.now += 1_001;
	bench.publish();
	expect(stuck.closed).toBe("slow_consumer");
	const { to } = stuck;
	bench.outbox.credit(stuck, 1, to);
	bench.publish();
	expect(stuck.to).toBe(to);
	expect(quick.to).toBe(52);
});

test("the window belongs to the receiver, not to each of its channels", () => {
	const bench = new Bench();
	const reader = new Reader();
	bench.outbox.subscribe(reader, channel, 0);
	bench.outbox.subscribe(reader, { number: 2, name: "chat" }, 0);
	for (let index = 0; index < 100; index++) bench.publish();
	bench.outbox.publish({ channel: { number: 2, name: "chat" }, ...bench.run(0, 1) });
	expect(reader.ranges.length * size).toBeLessThan(limits.windowBytes + 2 * size);
});

const subscribingAgain: readonly (readonly [string, (bench: Bench, reader: Reader) => void])[] = [
	["subscribes again", () => {}],
	["unsubscribes and subscribes again", (bench, reader) => void bench.outbox.unsubscribe(reader, 1)],
];

test.each(subscribingAgain)(
	"who %s without credit stays within one window, and is closed if it goes on",
	(_, first) => {
		const bench = new Bench();
		const reader = new Reader();
		bench.publish(40);
		for (let index = 0; index < 100; index++) {
			first(bench, reader);
			bench.outbox.subscribe(reader, channel, 0);
			bench.now += 10;
		}
		const sent = reader.ranges.reduce((sum, [after, to]) => sum + to - after, 0);
		expect(sent * size).toBeGreaterThan(limits.windowBytes - 6 * size);
		expect(sent * size).toBeLessThan(limits.windowBytes + 6 * size);
		bench.now += 10;
		bench.outbox.closeStuck();
		expect(reader.closed).toBe("slow_consumer");
	},
);

test.each(subscribingAgain)("who %s goes on with its next credit, even for nothing that is new", (_, first) => {
	const bench = new Bench();
	const reader = new Reader();
	bench.publish(100);
	bench.outbox.subscribe(reader, channel, 0);
	first(bench, reader);
	bench.outbox.subscribe(reader, channel, 3);
	const { length } = reader.ranges;
	bench.outbox.credit(reader, 1, 3);
	expect(reader.ranges.slice(length)[0]).toEqual([3, 8]);
	while (reader.to < bench.head) bench.outbox.credit(reader, 1, reader.to);
	expect(isContiguous(reader.ranges.slice(length))).toBe(true);
});

test("credit for a channel that was left makes room on the others", () => {
	const bench = new Bench();
	const reader = new Reader();
	bench.publish(100);
	bench.outbox.subscribe(reader, channel, 0);
	bench.outbox.unsubscribe(reader, 1);
	bench.outbox.subscribe(reader, { number: 2, name: "other" }, 0);
	const { length } = reader.ranges;
	bench.outbox.credit(reader, 1, 0);
	expect(reader.ranges.length).toBeGreaterThan(length);
});

test("what the server ended itself is not counted on", () => {
	const bench = new Bench();
	const reader = new Reader();
	bench.publish(100);
	bench.outbox.subscribe(reader, channel, 0);
	const { length } = reader.ranges;
	bench.outbox.end(1, "{}");
	bench.outbox.subscribe(reader, channel, 0);
	expect(reader.ranges.length).toBe(2 * length);
});

test("after sleep a subscription goes on with the next live message, or from the credit it is given", () => {
	const bench = new Bench();
	bench.head = 10;
	const [live, behind] = [new Reader(), new Reader()];
	for (const reader of [live, behind]) bench.outbox.resume(reader, channel);
	bench.outbox.credit(behind, 1, 7);
	expect(behind.ranges).toEqual([[7, 10]]);
	bench.publish();
	expect(live.ranges).toEqual([[10, 11]]);
	expect(behind.ranges).toEqual([
		[7, 10],
		[10, 11],
	]);
});

test("a credit for what was never sent does no harm", () => {
	const bench = new Bench();
	const reader = new Reader();
	bench.outbox.subscribe(reader, channel, 0);
	bench.outbox.credit(reader, 1, 9_999_999);
	bench.outbox.credit(reader, 77, 1);
	bench.publish();
	expect(reader.ranges).toEqual([[0, 1]]);
});

test("after sleep a credit on one channel tells where the quiet others stand, so that who was behind there can see it", () => {
	const bench = new Bench();
	bench.head = 10;
	const reader = new Reader();
	bench.outbox.resume(reader, channel);
	bench.outbox.resume(reader, { number: 2, name: "quiet" });
	bench.outbox.credit(reader, 1, 10);
	expect(reader.ranges).toEqual([[10, 10]]);
	bench.outbox.credit(reader, 1, 10);
	expect(reader.ranges).toEqual([[10, 10]]);
});

const passing = '{"ts":1,"from":"p","data":1}';

test("an ephemeral message reaches who is up to date and not who is behind, and moves nobody", () => {
	const bench = new Bench();
	const [live, behind, full] = [new Reader(), new Reader(), new Reader()];
	for (const reader of [live, full]) bench.outbox.subscribe(reader, channel, 0);
	bench.publish(40);
	bench.outbox.credit(live, 1, bench.head);
	while (live.to < bench.head) bench.outbox.credit(live, 1, live.to);
	bench.outbox.subscribe(behind, channel, 1);
	bench.outbox.pass(channel, passing, undefined);
	expect([live.passed, behind.passed, full.passed]).toEqual([1, 0, 0]);
	const { to } = live;
	bench.publish();
	expect(live.ranges.at(-1)).toEqual([to, bench.head]);
});

test("an ephemeral message without echo reaches no receiver of that client", () => {
	const bench = new Bench();
	const readers = [new Reader("a"), new Reader("a"), new Reader("b")];
	for (const reader of readers) bench.outbox.subscribe(reader, channel, 0);
	bench.outbox.pass(channel, passing, "a");
	bench.outbox.pass(channel, passing, undefined);
	expect(readers.map(({ passed }) => passed)).toEqual([1, 1, 2]);
});

test("a receiver is counted where it is subscribed, until it leaves", () => {
	const bench = new Bench();
	const [one, other] = [new Reader(), new Reader()];
	for (const reader of [one, other]) bench.outbox.subscribe(reader, channel, 0);
	bench.outbox.subscribe(one, channel, 0);
	expect([bench.outbox.count(1), bench.outbox.count(2)]).toEqual([2, 0]);
	bench.outbox.remove(one);
	bench.outbox.unsubscribe(other, 1);
	expect(bench.outbox.count(1)).toBe(0);
});
