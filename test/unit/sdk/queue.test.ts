import { describe, expect, test } from "vitest";
import { durations } from "../../../protocol/limits.ts";
import { openQueue, type QueueLocks, type QueueStorage } from "../../../sdk/queue.ts";
import { settle } from "./helpers/fake-clock.ts";
import { dataOf, setUp, watch } from "./helpers/setup.ts";

const reconnect = durations.spread + durations.backoffCap;

/** A storage in memory. `frozen`: a write is under way until `thaw`. */
class MemoryStorage implements QueueStorage {
	readonly texts = new Map<string, string>();
	writes = 0;
	refuse: Error | undefined;
	#thaw: (() => void) | undefined;
	#frozen: Promise<void> | undefined;

	getItem(key: string): string | null {
		return this.texts.get(key) ?? null;
	}

	async setItem(key: string, text: string): Promise<void> {
		this.writes += 1;
		await this.#frozen;
		if (this.refuse) throw this.refuse;
		this.texts.set(key, text);
	}

	freeze(): void {
		this.#frozen = new Promise((resolve) => {
			this.#thaw = resolve;
		});
	}

	thaw(): void {
		this.#thaw?.();
		this.#frozen = undefined;
	}
}

/** Locks as the tabs of one browser share them. */
class TabLocks implements QueueLocks {
	readonly #held = new Set<string>();

	async request(name: string, _: object, callback: (lock: unknown) => Promise<void> | undefined): Promise<void> {
		if (this.#held.has(name)) return callback(null);
		this.#held.add(name);
		await callback({});
		this.#held.delete(name);
	}
}

/** One run of a program. Unless it is a tab among others, nobody else holds a lock. */
async function run(storage: QueueStorage, locks: QueueLocks = new TabLocks()) {
	const queue = await openQueue(storage, { locks });
	return { queue, ...setUp({ queue }) };
}

/** What waits offline, in a run that then ends as a crash ends it. */
async function leave(storage: MemoryStorage, count: number) {
	const first = await run(storage);
	first.server.refuse = 1006;
	for (let number = 1; number <= count; number++) void watch(first.channel.publish(number));
	await first.clock.advance(20);
	const text = storage.texts.get("aerogram-queue:0") ?? "";
	first.aerogram.close();
	await settle();
	storage.texts.set("aerogram-queue:0", text);
	return first;
}

describe("a stored queue", () => {
	test("is written before anything is sent, and holds nothing once all of it has an outcome", async () => {
		const storage = new MemoryStorage();
		const { server, clock, channel, space } = await run(storage);
		storage.freeze();
		const outcome = watch(channel.publish("kept"));
		await clock.advance(100);
		expect([server.of("publish"), outcome, space.pending]).toEqual([[], {}, 1]);
		storage.thaw();
		await clock.advance(20);
		expect([outcome.value?.seq, space.pending]).toEqual([1, 0]);
		expect(storage.texts.get("aerogram-queue:0")).not.toContain("kept");
	});

	test("takes what comes while it writes along with the next write", async () => {
		const storage = new MemoryStorage();
		const { clock, server, channel } = await run(storage);
		await Promise.all([channel.publish("first"), clock.advance(20)]);
		const before = storage.writes;
		let sentAfter = 0;
		server.hook = () => {
			sentAfter ||= storage.writes - before;
			return undefined;
		};
		for (let number = 0; number < 50; number++) void watch(channel.publish(number));
		await clock.advance(20);
		expect([server.log("chat").head, sentAfter]).toEqual([51, 1]);
		expect(server.frames).toHaveLength(2);
	});

	test("hands what waited to the next run, which sends it under the same client, in order, and goes on counting", async () => {
		const storage = new MemoryStorage();
		const first = await leave(storage, 3);
		const second = await run(storage);
		expect(second.aerogram.client).toBe(first.aerogram.client);
		expect(second.space.pending).toBe(3);
		const more = watch(second.channel.publish(4));
		await second.clock.advance(20);
		expect(more.value?.seq).toBe(4);
		expect(second.server.log("chat").messages.map(({ id, data }) => [id, data])).toEqual(
			[1, 2, 3, 4].map((number) => [`${first.aerogram.client}/${number - 1}`, number]),
		);
	});

	test("stores once what an earlier run had stored and got no answer for", async () => {
		const storage = new MemoryStorage();
		const { server, clock, channel, aerogram } = await run(storage);
		server.answers = () => false;
		void watch(channel.publish("once"));
		await clock.advance(20);
		aerogram.close();
		await settle();
		const second = setUp({
			queue: await openQueue(storage, { locks: new TabLocks() }),
			transport: server.transport,
			clock,
		});
		server.answers = () => true;
		await clock.advance(20);
		expect(dataOf(server.log("chat").messages)).toEqual(["once"]);
		expect([second.space.pending, second.errors]).toEqual([0, []]);
		const next = watch(second.channel.publish("next"));
		await clock.advance(20);
		expect(next.value).toMatchObject({ seq: 2, duplicate: false });
	});

	test("keeps on close what had no outcome, and a new client begins where nothing waits", async () => {
		const storage = new MemoryStorage();
		const { server, clock, channel, aerogram } = await run(storage);
		await Promise.all([channel.publish("done"), clock.advance(20)]);
		server.hook = () => "ignore";
		const outcome = watch(channel.publish("waits"));
		await clock.advance(20);
		aerogram.close();
		await settle();
		expect(outcome.error).toMatchObject({ code: "unknown_outcome" });
		const second = await run(storage);
		expect(second.aerogram.client).toBe(aerogram.client);
		await second.clock.advance(20);
		second.aerogram.close();
		await settle();
		expect((await run(storage)).aerogram.client).not.toBe(aerogram.client);
	});

	test("says what fails of an earlier run as the error event: nobody waits for it", async () => {
		const storage = new MemoryStorage();
		await leave(storage, 2);
		const { clock, server, errors } = await run(storage);
		server.hook = (envelope) =>
			envelope.type === "publish" && envelope.draft.data === 1
				? { type: "error", ref: envelope.ref, code: "too_deep", message: "" }
				: undefined;
		await clock.advance(50);
		expect(errors).toMatchObject([{ code: "too_deep" }]);
		expect(dataOf(server.log("chat").messages)).toEqual([2]);
	});

	test("does not send again what another run may have sent too long ago, or into another life of the space", async () => {
		for (const change of ["age", "wipe"] as const) {
			const storage = new MemoryStorage();
			const { server, clock, channel, aerogram } = await run(storage);
			server.hook = () => "ignore";
			void watch(channel.publish("sent"));
			await clock.advance(20);
			aerogram.close();
			await settle();
			server.hook = undefined;
			if (change === "age") await clock.advance(durations.dedup);
			else server.wipe();
			const second = setUp({
				queue: await openQueue(storage, { locks: new TabLocks() }),
				transport: server.transport,
				clock,
			});
			await clock.advance(20);
			expect(second.errors).toMatchObject([{ code: "unknown_outcome" }]);
			expect(server.log("chat").head).toBe(0);
		}
	});

	test("sends however late what was certainly never sent", async () => {
		const storage = new MemoryStorage();
		const first = await leave(storage, 1);
		await first.clock.advance(durations.dedup * 2);
		const second = setUp({
			queue: await openQueue(storage, { locks: new TabLocks() }),
			clock: first.clock,
			transport: first.server.transport,
		});
		first.server.refuse = undefined;
		await first.clock.advance(reconnect);
		expect([second.errors, first.server.log("chat").head]).toEqual([[], 1]);
	});

	test("that cannot write rejects the publish, which is not sent", async () => {
		const storage = new MemoryStorage();
		const { clock, server, channel, space } = await run(storage);
		storage.refuse = new Error("The disk is full.");
		const outcome = watch(channel.publish("x"));
		await clock.advance(20);
		expect(outcome.error).toMatchObject({ code: "queue_full", cause: storage.refuse });
		storage.refuse = undefined;
		await Promise.all([channel.publish("y"), clock.advance(20)]);
		expect([dataOf(server.log("chat").messages), space.pending]).toEqual([["y"], 0]);
	});

	test("that cannot be read is refused, and stays as it is", async () => {
		const storage = new MemoryStorage();
		for (const text of ["", "no JSON", "null", "[]", '{"version":2}', '{"version":1,"client":"a b","lanes":[]}']) {
			storage.texts.set("aerogram-queue:0", text);
			await expect(openQueue(storage, { locks: new TabLocks() })).rejects.toMatchObject({ code: "malformed" });
			expect(storage.texts.get("aerogram-queue:0")).toBe(text);
		}
	});
});

describe("two tabs", () => {
	test("never have one queue; what a closed tab left is taken over by the next that opens", async () => {
		const [storage, locks] = [new MemoryStorage(), new TabLocks()];
		const first = await run(storage, locks);
		const second = await run(storage, locks);
		expect(second.aerogram.client).not.toBe(first.aerogram.client);
		second.server.refuse = 1006;
		void watch(second.channel.publish("left behind"));
		await second.clock.advance(20);
		second.aerogram.close();
		await settle();
		const third = await run(storage, locks);
		expect(third.aerogram.client).toBe(second.aerogram.client);
		await third.clock.advance(20);
		expect(dataOf(third.server.log("chat").messages)).toEqual(["left behind"]);
		// Both slots are held, and the third is new.
		expect(new Set([first, third, await run(storage, locks)].map(({ aerogram }) => aerogram.client)).size).toBe(3);
	});

	test("prefer a queue with something in it to an empty one", async () => {
		const [storage, locks] = [new MemoryStorage(), new TabLocks()];
		const [first, second] = [await run(storage, locks), await run(storage, locks)];
		second.server.refuse = 1006;
		void watch(second.channel.publish("left behind"));
		await second.clock.advance(20);
		for (const { aerogram } of [first, second]) aerogram.close();
		await settle();
		expect((await run(storage, locks)).aerogram.client).toBe(second.aerogram.client);
		expect((await run(storage, locks)).aerogram.client).not.toBe(first.aerogram.client);
	});
});
