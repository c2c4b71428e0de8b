import { expect, test } from "vitest";
import { storage } from "../../../protocol/limits.ts";
import { Checkpoints } from "../../../worker/space/parts/log/checkpoints.ts";
import { type Producer, producerKey } from "../../../worker/space/parts/log/producers.ts";
import { freshSql } from "./sqlite.ts";

const now = 1_700_000_000_000;
const nothing = { producersAfter: () => [] };

/** Producers of which each later one published a millisecond later. */
function producers(count: number, principal: string): Map<string, Producer> {
	const each = Array.from({ length: count }, (_, index) => {
		const key = producerKey(principal, `client-${index}`.padEnd(64, "x"));
		return [key, { n: index, seq: index + 1, ts: now - count + index }] as const;
	});
	return new Map(each);
}

/** Saves a checkpoint and reads it again. */
function saved(all: ReadonlyMap<string, Producer>) {
	const sql = freshSql();
	const checkpoints = new Checkpoints(sql);
	const kept = checkpoints.save(1, 99, all, now);
	const query = "SELECT octet_length(state) AS bytes FROM checkpoints";
	const bytes = Number(sql.all<{ bytes: number }>(query)[0]?.bytes);
	return { kept, bytes, read: checkpoints.load(1, nothing) };
}

test.each([
	["quotes", '"'.repeat(255)],
	["three bytes each", "界".repeat(255)],
])("a checkpoint stays far below the platform's 2 MB, whatever its producers are called: %s", (_, principal) => {
	const all = producers(12_000, principal);
	const { kept, bytes, read } = saved(all);
	expect(bytes).toBeLessThanOrEqual(storage.checkpointBytes);
	expect(bytes).toBeGreaterThan(storage.checkpointBytes - 2_000);
	// Those that published last, and no other.
	expect([...kept.keys()]).toEqual([...all.keys()].reverse().slice(0, kept.size));
	expect(read).toEqual({ producers: kept, checkpoint: 99 });
});

test("a checkpoint remembers 10,000 producers with names of a usual length, and all of fewer", () => {
	const many = producers(10_001, "u-0123456789");
	const { kept, read } = saved(many);
	expect(kept.size).toBe(10_000);
	expect(kept.has([...many.keys()][0] ?? "")).toBe(false);
	expect(read.producers).toEqual(kept);
	expect(saved(producers(9_999, "u-0123456789")).kept.size).toBe(9_999);
});
