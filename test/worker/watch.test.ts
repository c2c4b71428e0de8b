import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { Json, ServerEnvelope } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import type { RecordNews } from "../../protocol/watch.ts";
import { RecordCopy, recordNewsOf } from "../helpers/record-copy.ts";
import { evict, freshSpace } from "./space.ts";
import { WireClient } from "./wire-client.ts";

type Stub = ReturnType<typeof freshSpace>["stub"];

async function put(stub: Stub, id: string, data: unknown = {}, ttl?: number): Promise<void> {
	const action = { kind: "put", data: JSON.stringify(data) } as const;
	const request = { principal: "p", collection: "carts", id, action, ...(ttl !== undefined && { ttl }) };
	expect(await stub.writeRecord(request)).toMatchObject({ ok: true });
}

async function remove(stub: Stub, id: string): Promise<void> {
	await stub.writeRecord({ principal: "p", collection: "carts", id, action: { kind: "delete" } });
}

async function stored(stub: Stub, prefix = ""): Promise<RecordCopy["content"]> {
	const page = await stub.records({ collection: "carts", prefix, limit: 10_000 });
	if (!page.ok) throw new Error(page.message);
	const records = JSON.parse(`[${page.body}]`) as { id: string; rev: number; data: Json }[];
	return records.map(({ id, rev, data }) => [id, rev, data]);
}

/** A client that watches by hand, by the rules of the protocol's page. */
class WatchClient {
	readonly copy = new RecordCopy();
	resets: string[] = [];
	/** How often it saw that it misses something. */
	misses = 0;
	wire!: WireClient;
	#taken = 0;
	#ref = 0;
	#epoch = "";
	readonly #space: string;
	readonly #client: string;
	readonly #selector: { readonly prefix?: string };

	constructor(space: string, client: string, selector: { readonly prefix?: string } = {}) {
		this.#space = space;
		this.#client = client;
		this.#selector = selector;
	}

	async connect(): Promise<void> {
		this.wire = await WireClient.connect(this.#space, this.#client);
		this.#taken = 0;
		await this.watch();
	}

	async watch(): Promise<void> {
		this.take();
		const { place } = this.copy;
		this.#ref += 1;
		const at = place && { epoch: this.#epoch, ...(place.id === "" ? { rev: place.rev, id: undefined } : place) };
		const from = place && place.id !== "" && at ? { at: JSON.parse(JSON.stringify(at)) as Json } : {};
		const answer = await this.wire.ask({ t: "watch", ref: this.#ref, col: "carts", ...this.#selector, ...from });
		const { epoch, head, recovered, reset } = saysOf(answer);
		this.#epoch = String(epoch);
		if (reset) this.resets.push(String(reset));
		if (!recovered) this.copy.restart(Number(head));
		this.take();
	}

	/** Takes what came; false where something is missing. */
	take(): boolean {
		let whole = true;
		for (const news of this.#news()) whole = this.copy.take(news) && whole;
		return whole;
	}

	async credit(): Promise<void> {
		if (!this.take()) {
			this.misses += 1;
			await this.watch();
		}
		const { place } = this.copy;
		if (!place || place.id === "") return;
		const snapshot = place.id === undefined ? {} : { snapshot: place.id };
		this.wire.send({ t: "credit", col: "carts", ...this.#selector, rev: place.rev, ...snapshot });
	}

	#news(): readonly RecordNews[] {
		const frames = this.wire.frames.slice(this.#taken);
		this.#taken = this.wire.frames.length;
		return frames.filter((frame) => frame !== "pong").flatMap(recordNewsOf);
	}
}

function saysOf(answer: ServerEnvelope): { readonly [key: string]: Json } {
	if (answer.type !== "done" || !answer.says) throw new Error(`refused: ${JSON.stringify(answer)}`);
	return answer.says;
}

async function settled(client: WatchClient, stub: Stub, prefix = ""): Promise<void> {
	await expect
		.poll(
			async () => {
				await client.credit();
				return client.copy.content;
			},
			{ timeout: 5_000 },
		)
		.toEqual(await stored(stub, prefix));
	expect(client.copy.faults).toEqual([]);
}

test("evicting the object between every two steps leaves every copy as what is stored, and tells no revision twice", async () => {
	const { name, stub } = freshSpace();
	for (let index = 0; index < 20; index++) await put(stub, `id-${index}`, { text: "x".repeat(40_000) });
	const clients = [new WatchClient(name, "all"), new WatchClient(name, "some", { prefix: "id-1" })];
	for (const client of clients) {
		await client.connect();
		await evict(stub);
	}
	for (let step = 0; step < 25; step++) {
		if (step % 5 === 4) await remove(stub, `id-${step}`);
		else await put(stub, `id-${(step * 7) % 30}`, { step });
		await evict(stub);
		for (const client of clients) {
			await client.credit();
			await evict(stub);
		}
	}
	for (const [index, client] of clients.entries()) await settled(client, stub, index === 0 ? "" : "id-1");
	expect(clients.map(({ resets }) => resets)).toEqual([[], []]);
	console.log(`seen to be behind after sleep: ${clients.map(({ misses }) => misses).join(", ")} times`);
});

test("a client that is cut in the middle of a snapshot goes on there, and gets what was written meanwhile after it", async () => {
	const { name, stub } = freshSpace();
	for (let index = 0; index < 40; index++) {
		await put(stub, `id-${String(index).padStart(2, "0")}`, { text: "x".repeat(20_000) });
	}
	const client = new WatchClient(name, "cut");
	await client.connect();
	client.take();
	const { place } = client.copy;
	expect(place?.id).toMatch(/^id-/);
	client.wire.socket.close(1000);
	for (const id of ["id-00", "id-39", "new"]) await put(stub, id, { late: true });
	await remove(stub, "id-05");
	await client.connect();
	await settled(client, stub);
	expect(client.resets).toEqual([]);
	expect(client.copy.snapshotRecords).toBeLessThan(41);
	const sizes = client.wire.frames.map((frame) => new TextEncoder().encode(frame).length);
	expect(Math.max(...sizes)).toBeLessThanOrEqual(limits.windowBytes);
});

test("deletion, expiry by the alarm and dropped tombstones are told: an entry without data, and a reset with a fresh snapshot", async () => {
	const { name, stub } = freshSpace();
	await put(stub, "gone");
	await put(stub, "short", {}, 1);
	await put(stub, "stays");
	const client = new WatchClient(name, "here");
	await client.connect();
	await remove(stub, "gone");
	await runInDurableObject(stub, (_, { storage }) => {
		storage.sql.exec("UPDATE records SET expires = 1 WHERE id = 'short'");
	});
	await evict(stub);
	await runInDurableObject(stub, (_, { storage }) => void storage.sql.exec("UPDATE jobs SET due = 1"));
	await runDurableObjectAlarm(stub);
	await settled(client, stub);
	expect(client.copy.content.map(([id]) => id)).toEqual(["stays"]);
	client.wire.socket.close(1000);
	await remove(stub, "stays");
	await put(stub, "new");
	await runInDurableObject(stub, (_, { storage }) => {
		storage.sql.exec("UPDATE records SET updated = 1 WHERE data IS NULL");
		storage.sql.exec("UPDATE jobs SET due = 1");
	});
	await runDurableObjectAlarm(stub);
	await client.connect();
	await settled(client, stub);
	expect(client.resets).toEqual(["retention"]);
	expect(client.copy.content.map(([id]) => id)).toEqual(["new"]);
});

test("a wipe ends the watch, and the next one is told of another epoch", async () => {
	const { name, stub } = freshSpace();
	await put(stub, "a");
	const client = new WatchClient(name, "wiped");
	await client.connect();
	await settled(client, stub);
	await stub.wipe();
	await client.wire.until(() => client.wire.closed !== undefined, "the close");
	expect(client.wire.closed?.code).toBe(4202);
	await put(stub, "b");
	await client.connect();
	await settled(client, stub);
	expect(client.resets).toEqual(["epoch"]);
});

test("a socket keeps as many watches as it may have over sleep, whatever their names; one more is refused", async () => {
	const { name, stub } = freshSpace();
	const wire = await WireClient.connect(name, "c".repeat(limits.clientLength));
	const long = (index: number) => `${String(index).padStart(2, "0")}:${"i".repeat(limits.nameLength - 3)}`;
	for (let index = 0; index < limits.channelsPerSocket; index++) {
		await wire.ask({ t: "sub", ref: 1_000 + index, ch: `c${index}` });
	}
	for (let index = 0; index < limits.watchesPerSocket; index++) {
		const answer = await wire.ask({ t: "watch", ref: index, col: long(index), id: long(index), at: "live" });
		expect(answer.type).toBe("done");
	}
	expect(await wire.ask({ t: "watch", ref: 500, col: "one:more" })).toMatchObject({ code: "too_big" });
	expect((await wire.ask({ t: "watch", ref: 501, col: long(0), id: long(0), at: "live" })).type).toBe("done");
	await evict(stub);
	for (const index of [0, limits.watchesPerSocket - 1]) {
		const action = { kind: "put", data: "{}" } as const;
		await stub.writeRecord({ principal: "p", collection: long(index), id: long(index), action });
		const { fields } = await wire.next("live");
		expect(fields).toMatchObject({ t: "rec", col: long(index), id: long(index), after: 0, to: 1 });
	}
	expect((await wire.ask({ t: "unwatch", ref: 502, col: long(1), id: long(1) })).type).toBe("done");
	expect((await wire.ask({ t: "watch", ref: 503, col: "one:more" })).type).toBe("done");
});

test("a watch makes no collection: it is in no list before something is written in it", async () => {
	const { name, stub } = freshSpace();
	const wire = await WireClient.connect(name);
	await wire.ask({ t: "watch", ref: 1, col: "carts" });
	expect((await stub.collections("", 10)).collections).toEqual([]);
	await put(stub, "a");
	await remove(stub, "a");
	expect((await stub.collections("", 10)).collections).toEqual([{ name: "carts", rev: 2 }]);
});

test("a write costs no more rows for being watched", async () => {
	const { name, stub } = freshSpace();
	const wire = await WireClient.connect(name);
	await wire.ask({ t: "watch", ref: 1, col: "carts" });
	await put(stub, "first");
	const before = (await stub.info()).rowsWritten;
	for (let index = 0; index < 50; index++) await put(stub, `id-${index}`);
	// One more, when the Directory has been told of the space.
	expect((await stub.info()).rowsWritten - before).toBeLessThanOrEqual(51);
});
