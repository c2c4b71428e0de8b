import { expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { Aerogram, type CollectionChange, isAerogramError, type LiveRecords, type WatchGap } from "../../sdk/index.ts";
import { startProxy } from "../helpers/proxy.ts";
import { Random, seedOfRun } from "../helpers/random.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

interface Item {
	readonly writer: number;
	readonly n: number;
	readonly text: string;
}

const records = Number(process.env.AEROGRAM_TEST_RECORDS ?? 10_000);
const seconds = Number(process.env.AEROGRAM_TEST_SECONDS ?? 10);
const kills = Number(process.env.AEROGRAM_TEST_KILLS ?? 4);
const writers = 50;
const watchers = 20;
const seed = seedOfRun();
/** Reconnecting quickly makes more cuts fit; what is waited for an answer stays as shipped. */
const durations = { backoffBase: 20, backoffCap: 150, backoffFloor: 10, spread: 100 };

const frames: number[] = [];

/** The platform's WebSocket, whose frames are measured. */
class MeasuredSocket extends WebSocket {
	constructor(url: string | URL, protocols?: string | string[]) {
		super(url, protocols);
		this.addEventListener("message", ({ data }) => frames.push(Buffer.byteLength(String(data))));
	}
}

/** One client: a copy, and a watch that writes down what may never happen. */
class Follower {
	readonly client: Aerogram;
	readonly faults: string[] = [];
	readonly gaps: WatchGap[] = [];
	changes = 0;
	snapshot = 0;
	live!: LiveRecords<Item>;
	#rev = 0;
	readonly #seen = new Set<string>();

	constructor(url: string) {
		this.client = new Aerogram(url, { durations, WebSocket: MeasuredSocket });
	}

	async start(space: string): Promise<void> {
		const items = this.client.space(space).collection<Item>("items");
		items.watch((change) => this.#take(change), { onGap: (gap) => this.gaps.push(gap) });
		this.live = await items.live();
	}

	content(): readonly string[] {
		return [...this.live.records.values()].map(lineOf).sort();
	}

	#take({ id, rev, snapshot }: CollectionChange<Item>): void {
		if (this.#seen.has(`${id}@${rev}`)) this.faults.push(`${id}@${rev} twice`);
		this.#seen.add(`${id}@${rev}`);
		if (snapshot) {
			this.snapshot += 1;
		} else {
			this.changes += 1;
			if (rev <= this.#rev) this.faults.push(`${rev} after ${this.#rev}`);
			this.#rev = rev;
		}
	}
}

function lineOf({ id, rev, data }: { readonly id: string; readonly rev: number; readonly data: Item }): string {
	return `${id}@${rev} ${data.writer}/${data.n}`;
}

/** A broken build never gets there. */
const patience = process.env.AEROGRAM_TEST_MUTANT ? 5_000 : 60_000;

test(`${watchers} watchers that are cut at random, ${writers} writers for ${seconds} s, ${kills} kill -9: every copy is what GET tells, and no revision comes twice or falls`, {
	timeout: 120_000 + seconds * 5_000,
}, async () => {
	const random = new Random(seed);
	const server = await startServer();
	const proxy = await startProxy(server.url, { nextBudget: () => 300_000 + random.below(records * 600) });
	const writer = new Aerogram(server.url, { durations });
	const items = writer.space("live").collection<Item>("items");
	const followers = Array.from({ length: watchers }, () => new Follower(proxy.url));
	const text = "x".repeat(500);
	let writes = 0;
	try {
		const ids = Array.from({ length: records }, (_, index) => `id-${index}`);
		const filling = Array.from({ length: writers }, async () => {
			for (let id = ids.pop(); id !== undefined; id = ids.pop()) await items.put(id, { writer: -1, n: 0, text });
		});
		await Promise.all(filling);
		await Promise.all(followers.map((follower) => follower.start("live")));
		let writing = true;
		const write = async (number: number) => {
			for (let n = 0; writing; n++) {
				const id = `id-${random.below(records * 1.1)}`;
				try {
					if (random.below(10) === 0) await items.delete(id);
					else await items.put(id, { writer: number, n, text });
					writes += 1;
				} catch (error) {
					// While the server is dead. What it had stored it tells all the same.
					if (!isAerogramError(error) || !error.retryable) throw error;
					await new Promise((resolve) => setTimeout(resolve, 50));
				}
			}
		};
		const running = Array.from({ length: writers }, (_, number) => write(number));
		for (let kill = 0; kill <= kills; kill++) {
			await new Promise((resolve) => setTimeout(resolve, (seconds * 1_000) / (kills + 1)));
			if (kill < kills) await server.restart();
		}
		await until(() => writes >= records / 2 && proxy.cuts >= watchers / 2, "enough writes and cuts", 60_000).catch(
			() => {
				throw new Error(`only ${writes} writes and ${proxy.cuts} cuts`);
			},
		);
		writing = false;
		await Promise.all(running);
		const stored: string[] = [];
		for await (const record of items.records({ limit: 1_000 })) stored.push(lineOf(record));
		stored.sort();
		const expected = stored.join("\n");
		const isWhole = (follower: Follower) => follower.content().join("\n") === expected;
		await until(() => followers.every(isWhole), "every copy to be what is stored", patience).catch(() => {});
		const told = (what: "changes" | "snapshot") => followers.map((follower) => follower[what]);
		console.log(
			`seed ${seed}: ${stored.length} records, ${writes} writes, ${proxy.cuts} cuts, ${kills} kills, ` +
				`${Math.min(...told("snapshot"))} to ${Math.max(...told("snapshot"))} records of a snapshot, ` +
				`${Math.min(...told("changes"))} to ${Math.max(...told("changes"))} changes each; ` +
				`${frames.length} frames, the largest ${Math.max(...frames)} bytes`,
		);
		expect(followers.flatMap(({ faults }) => faults).slice(0, 5)).toEqual([]);
		expect(followers.filter((follower) => !isWhole(follower)).length).toBe(0);
		expect(followers.flatMap(({ gaps }) => gaps)).toEqual([]);
		expect(Math.max(...frames)).toBeLessThanOrEqual(limits.windowBytes);
	} finally {
		for (const { client } of followers) client.close();
		writer.close();
		await proxy.close();
		await server.stop();
	}
});
