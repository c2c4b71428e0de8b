import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { shardOf } from "../../worker/directory/api.ts";
import type { RecordWriteRequest } from "../../worker/space/api.ts";
import { evict, freshSpace } from "./space.ts";

type Stub = ReturnType<typeof freshSpace>["stub"];

/** Writes a record of the collection `carts`. */
async function write(stub: Stub, more: Partial<RecordWriteRequest> = {}) {
	const action = { kind: "put", data: "{}" } as const;
	return stub.writeRecord({ principal: "anonymous", collection: "carts", id: "a", action, ...more });
}

async function written(stub: Stub, more: Partial<RecordWriteRequest> = {}) {
	const outcome = await write(stub, more);
	if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome)}`);
	return outcome;
}

const patch = (text: string) => ({ action: { kind: "patch", patch: text } }) as const;
const gone = { action: { kind: "delete" } } as const;

/** All records of `carts`, by id, and the collection's revision. */
async function list(stub: Stub) {
	const page = await stub.records({ collection: "carts", prefix: "", limit: 1_000 });
	if (!page.ok) throw new Error(page.message);
	const records = JSON.parse(`[${page.body}]`) as { id: string; rev: number; data: unknown }[];
	return { rev: page.rev, records: records.map(({ id, rev, data }) => [id, rev, data]) };
}

function sql<Value>(stub: Stub, work: (storage: DurableObjectStorage) => Value): Promise<Value> {
	return runInDurableObject(stub, (_, state) => work(state.storage));
}

test("evicting the object between every two steps loses no write, no condition and no revision", async () => {
	const { stub } = freshSpace();
	const steps = [
		() => write(stub, { action: { kind: "put", data: '{"n":1}' } }),
		() => write(stub, { ifNoneMatch: "*" }),
		() => write(stub, patch('{"m":2}')),
		() => write(stub, { id: "b" }),
		() => write(stub, { id: "b", ...gone }),
		() => write(stub, { id: "b", ...gone }),
		() => write(stub, { id: "b", ifNoneMatch: "*" }),
	];
	const outcomes = [];
	for (const step of steps) {
		await evict(stub);
		const outcome = await step();
		outcomes.push(outcome.ok ? [outcome.rev, outcome.created] : outcome.code);
		await evict(stub);
		await list(stub);
	}
	expect(outcomes).toEqual([[1, true], "condition_failed", [2, false], [3, true], [4, false], "not_found", [5, true]]);
	await evict(stub);
	expect(await list(stub)).toEqual({
		rev: 5,
		records: [
			["a", 2, { n: 1, m: 2 }],
			["b", 5, {}],
		],
	});
});

test("a condition holds for the epoch it names, and a wipe voids every tag and every cursor", async () => {
	const { stub } = freshSpace();
	const { epoch } = await written(stub);
	const tag = `${epoch}:1`;
	expect(await write(stub, { ifMatch: ["0mws8cs1x68xynmjz:1"] })).toMatchObject({ code: "condition_failed" });
	expect(await write(stub, { ifMatch: ["0mws8cs1x68xynmjz:1", `${epoch}:01`, "x"] })).toMatchObject({ ok: false });
	await stub.wipe();
	await evict(stub);
	expect(await stub.readRecord({ collection: "carts", id: "a" })).toMatchObject({ code: "not_found" });
	const again = await written(stub, { ifNoneMatch: "*" });
	expect([again.rev, again.epoch > epoch]).toEqual([1, true]);
	expect(await write(stub, { ifMatch: [tag] })).toMatchObject({
		code: "condition_failed",
		state: { epoch: again.epoch, rev: 1 },
	});
	expect(await written(stub, { ifNoneMatch: [tag] })).toMatchObject({ rev: 2 });
	const page = await stub.records({ collection: "carts", prefix: "", cursor: { epoch, id: "a" }, limit: 1 });
	expect(page).toMatchObject({ code: "position_expired", state: { epoch: again.epoch, rev: 2 } });
});

test("an idempotency key is answered what it was answered first, over evictions, and nothing is written twice", async () => {
	const { stub } = freshSpace();
	const idempotency = { key: "k", hash: "h" };
	const first = await written(stub, { action: { kind: "put", data: '{"n":1}' }, idempotency });
	expect(first.replayed).toBe(false);
	await written(stub, { action: { kind: "put", data: '{"n":2}' } });
	await evict(stub);
	const replay = await written(stub, { action: { kind: "put", data: '{"n":1}' }, idempotency });
	expect(replay).toEqual({ ...first, replayed: true });
	expect((await list(stub)).records).toEqual([["a", 2, { n: 2 }]]);
	expect(await write(stub, { idempotency: { key: "k", hash: "other" } })).toMatchObject({
		code: "idempotency_mismatch",
	});
	const publish = { principal: "anonymous", channel: "c", drafts: [{ data: 1 }], idempotency };
	expect(await stub.publish(publish)).toMatchObject({ ok: false, code: "idempotency_mismatch" });
	expect(await write(stub, { principal: "somebody else", idempotency })).toMatchObject({ ok: true, replayed: false });

	const used = { key: "publish", hash: "p" };
	await stub.publish({ ...publish, idempotency: used });
	expect(await write(stub, { idempotency: used })).toMatchObject({ code: "idempotency_mismatch" });
	const refused = { key: "refused", hash: "r" };
	expect(await write(stub, { ifMatch: [], idempotency: refused })).toMatchObject({ code: "condition_failed" });
	expect(await write(stub, { idempotency: refused })).toMatchObject({ ok: true, replayed: false });
	await stub.wipe();
	expect(await write(stub, { idempotency })).toMatchObject({ ok: true, replayed: false, rev: 1 });
});

test("the alarm makes a tombstone of what has expired, and the next one drops it: its revisions are never used again", async () => {
	const { stub } = freshSpace();
	await written(stub, { ttl: 100 });
	await written(stub, { id: "b", ttl: 5_000 });
	await sql(stub, (storage) => void storage.sql.exec("UPDATE records SET expires = 1 WHERE id = 'a'"));
	expect((await list(stub)).records.map(([id]) => id)).toEqual(["b"]);
	await evict(stub);
	await sql(stub, (storage) => void storage.sql.exec("UPDATE jobs SET due = 1"));
	expect(await runDurableObjectAlarm(stub)).toBe(true);
	const rows = () =>
		sql(stub, (storage) => storage.sql.exec("SELECT id, rev, data FROM records ORDER BY id").toArray());
	expect(await rows()).toMatchObject([
		{ id: "a", rev: 3, data: null },
		{ id: "b", rev: 2, data: "{}" },
	]);
	// The test clock runs a hundred times as fast: a tombstone is kept for some 14 minutes here, b for more than an hour.
	const due = await sql(stub, (storage) => storage.sql.exec("SELECT kind, due FROM jobs ORDER BY kind").toArray());
	const [expire, forget] = due.map((job) => Number(job.due) - Date.now());
	expect(due.map(({ kind }) => kind)).toEqual(["expire", "forget"]);
	expect(expire).toBeGreaterThan(4_900_000);
	expect(forget).toBeGreaterThan(800_000);
	expect(forget).toBeLessThan(900_000);

	await evict(stub);
	await sql(stub, (storage) => void storage.sql.exec("UPDATE records SET updated = 1 WHERE data IS NULL"));
	await sql(stub, (storage) => void storage.sql.exec("UPDATE jobs SET due = 1"));
	expect(await runDurableObjectAlarm(stub)).toBe(true);
	expect(await rows()).toMatchObject([{ id: "b" }]);
	await evict(stub);
	expect((await list(stub)).rev).toBe(3);
	expect(await written(stub)).toMatchObject({ rev: 4, created: true });
	const jobs = await sql(stub, (storage) => storage.sql.exec("SELECT kind FROM jobs ORDER BY kind").toArray());
	expect(jobs).toEqual([{ kind: "expire" }, { kind: "sweep" }]);
});

test("an alarm comes by itself when a record expires", async () => {
	const { stub } = freshSpace();
	await written(stub, { ttl: 1 });
	const tombstones = () =>
		sql(stub, (storage) => storage.sql.exec("SELECT 1 FROM records WHERE data IS NULL").toArray().length);
	const deadline = Date.now() + 10_000;
	while ((await tombstones()) === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
	expect(await list(stub)).toEqual({ rev: 2, records: [] });
});

test("a write that the database fails leaves everything as it was", async () => {
	const { stub } = freshSpace();
	await written(stub);
	await sql(stub, (storage) => {
		storage.sql.exec(
			"CREATE TRIGGER fault BEFORE INSERT ON answers BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END",
		);
	});
	const idempotency = { key: "k", hash: "h" };
	await expect(write(stub, { ...patch('{"x":1}'), idempotency })).rejects.toThrow("the disk is gone");
	await expect(write(stub, { id: "b", collection: "new", idempotency })).rejects.toThrow("the disk is gone");
	expect(await list(stub)).toEqual({ rev: 1, records: [["a", 1, {}]] });
	expect((await stub.collections("", 10)).collections).toEqual([{ name: "carts", rev: 1 }]);
	await sql(stub, (storage) => void storage.sql.exec("DROP TRIGGER fault"));
	expect(await written(stub, { ...patch('{"x":1}'), idempotency })).toMatchObject({ rev: 2, replayed: false });
});

test("the Directory knows a space after its first record, and not before", async () => {
	const { name, stub } = freshSpace();
	const directory = env.DIRECTORY.get(env.DIRECTORY.idFromName(shardOf(name)));
	const known = async () => (await directory.list("", 1_000)).includes(name);
	await list(stub);
	await write(stub, gone);
	expect(await known()).toBe(false);
	await written(stub);
	for (let tries = 0; tries < 100 && !(await known()); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
	expect(await known()).toBe(true);
});

test("a message that was published before a record is stored before it", async () => {
	const { stub } = freshSpace();
	const publishing = stub.publish({ principal: "anonymous", channel: "chat", drafts: [{ data: 1 }] });
	await written(stub);
	expect((await stub.channel("chat")).head).toBe(1);
	await publishing;
});
