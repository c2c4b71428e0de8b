import { expect, test } from "vitest";
import { Checkpoints } from "../../../worker/space/parts/log/checkpoints.ts";
import { Log } from "../../../worker/space/parts/log/log.ts";
import { producerKey } from "../../../worker/space/parts/log/producers.ts";
import { Remembered } from "../../../worker/space/parts/log/remembered.ts";
import type { Append } from "../../../worker/space/ports.ts";
import { freshSql } from "./sqlite.ts";

const now = 1_700_000_000_000;
const rooms = Array.from({ length: 24 }, (_, index) => `room-${index}`);

function publish(channel: string, client: string, n: number): Append {
	return { principal: "p", channel, drafts: [{ data: "1" }], producer: { client, n, previous: -1 } };
}

test("a space has at most 200,000 producers in memory, and forgets none of those that it lets go of", () => {
	const sql = freshSql();
	const wake = () =>
		new Log(
			sql,
			() => now,
			() => "an-id",
		);
	let log = wake();
	const append = (...appends: readonly Append[]) => {
		const appended = sql.transact(() => log.append(appends));
		appended.apply();
		return appended.outcomes;
	};
	const inMemory = () => rooms.filter((room) => log.channel(room).producers !== undefined);
	const count = () => rooms.reduce((sum, room) => sum + (log.channel(room).producers?.size ?? 0), 0);

	append(...rooms.map((room) => publish(room, "first", 0)));
	const entry = (index: number) => [producerKey("p", `c${index}`), { n: 5, seq: 1, ts: now }] as const;
	const known = new Map(Array.from({ length: 9_999 }, (_, index) => entry(index)));
	for (const room of rooms) new Checkpoints(sql).save(log.channel(room).number, 0, known, now);
	log = wake();

	for (const room of rooms) {
		expect(append(publish(room, "first", 0))).toMatchObject([{ first: 1, duplicate: true }]);
		expect(count()).toBeLessThanOrEqual(200_000);
	}
	expect(inMemory()).toEqual(rooms.slice(4));
	// The one used longest ago is the first to go.
	append(publish("room-4", "first", 1));
	append(publish("room-0", "first", 1));
	expect(inMemory()).toEqual(["room-0", "room-4", ...rooms.slice(6)]);
	// All in one flush, those let go of among them: each is told what it knows, and takes what is new.
	const again = append(...rooms.flatMap((room) => [publish(room, "c77", 5), publish(room, "c77", 6)]));
	expect(again.map((outcome) => outcome.ok && outcome.duplicate)).toEqual(rooms.flatMap(() => [true, false]));
	expect(count()).toBeLessThanOrEqual(200_000);
	const once = append(...rooms.map((room) => publish(room, "c77", 6)));
	expect(once.map((outcome) => outcome.ok && outcome.duplicate)).toEqual(rooms.map(() => true));
});

test("channels whose producers grow, shrink or go are counted as they are", () => {
	const remembered = new Remembered();
	expect(remembered.note("a", 160_000)).toEqual([]);
	expect(remembered.note("b", 30_000)).toEqual([]);
	expect(remembered.note("a", 170_000)).toEqual([]);
	expect(remembered.note("b", 30_001)).toEqual(["a"]);
	expect(remembered.note("a", 10)).toEqual([]);
	expect(remembered.note("c", 200_001)).toEqual(["b", "a"]);
	expect(remembered.note("c", 0)).toEqual([]);
	expect(remembered.note("a", 200_000)).toEqual([]);
	remembered.clear();
	expect(remembered.note("b", 200_000)).toEqual([]);
});
