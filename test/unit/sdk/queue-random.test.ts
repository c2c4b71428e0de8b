import { expect, test } from "vitest";
import { durations } from "../../../protocol/limits.ts";
import type { Clock } from "../../../sdk/index.ts";
import { openQueue, type QueueStorage } from "../../../sdk/queue.ts";
import { Random } from "../../helpers/random.ts";
import { FakeClock, settle } from "./helpers/fake-clock.ts";
import { FakeServer } from "./helpers/fake-server.ts";
import { setUp } from "./helpers/setup.ts";

/** A disk that takes its time. A crash keeps what it had written by then. */
class SlowDisk implements QueueStorage {
	readonly texts: Map<string, string>;
	readonly #clock: Clock;
	readonly #random: Random;
	#crashed = false;

	constructor(clock: Clock, random: Random, texts: Iterable<[string, string]>) {
		this.texts = new Map(texts);
		this.#clock = clock;
		this.#random = random;
	}

	getItem(key: string): string | null {
		return this.texts.get(key) ?? null;
	}

	setItem(key: string, text: string): Promise<void> {
		return new Promise((resolve) => {
			this.#clock.setTimeout(() => {
				if (!this.#crashed) this.texts.set(key, text);
				resolve();
			}, this.#random.below(8));
		});
	}

	crash(): void {
		this.#crashed = true;
	}
}

/** What waits on a disk. */
function waitingOn(disk: SlowDisk): unknown[] {
	const states = [...disk.texts.values()].map((text) => JSON.parse(text));
	return states.flatMap(({ lanes }) =>
		lanes.flatMap((lane: { readonly publishes: readonly { readonly draft: { readonly data: unknown } }[] }) =>
			lane.publishes.map(({ draft }) => draft.data),
		),
	);
}

test("wherever a program crashes: what its queue had taken is stored once, in order, and nothing else twice", async () => {
	let [crashes, left, duplicates] = [0, 0, 0];
	for (let seed = 1; seed <= 100; seed++) {
		const random = new Random(seed);
		const clock = new FakeClock();
		const server = new FakeServer(clock);
		let disk = new SlowDisk(clock, random, []);
		const owed = new Set<unknown>();
		const failures: unknown[] = [];
		let number = 0;
		const runs = 2 + random.below(5);
		for (let run = 0; run <= runs; run++) {
			const opening = openQueue(disk, { locks: undefined });
			await clock.advance(20);
			const { channel, space, aerogram } = setUp({
				queue: await opening,
				clock,
				transport: server.transport,
				random: () => random.next(),
			});
			space.on("error", (error) => failures.push(error));
			server.refuse = random.below(3) === 0 ? 1006 : undefined;
			for (let step = run === runs ? 0 : 3 + random.below(12); step > 0; step--) {
				for (let more = random.below(6); more > 0; more--) {
					const data = number++;
					channel.publish(data).then(
						() => owed.add(data),
						() => {},
					);
				}
				if (random.below(5) === 0) server.cut();
				const lossy = random.below(2) === 0;
				server.answers = (answer) => {
					if (answer.type === "published" && answer.duplicate) duplicates += 1;
					return !lossy || random.below(3) > 0;
				};
				if (random.below(4) === 0) server.refuse = undefined;
				await clock.advance(random.below(40));
			}
			if (run === runs) {
				server.refuse = undefined;
				server.answers = () => true;
				await clock.advance(durations.answer * 20);
				expect([space.pending, waitingOn(disk)], `seed ${seed}`).toEqual([0, []]);
			} else {
				crashes += 1;
				disk.crash();
				for (const data of waitingOn(disk)) {
					owed.add(data);
					left += 1;
				}
			}
			aerogram.close();
			await clock.advance(20);
			await settle();
			disk = new SlowDisk(clock, random, disk.texts);
		}
		const stored = server.log("chat").messages.map(({ data }) => Number(data));
		expect(failures, `seed ${seed}`).toEqual([]);
		expect(new Set(stored).size, `seed ${seed}: stored once`).toBe(stored.length);
		expect(stored, `seed ${seed}: in order`).toEqual([...stored].sort((one, other) => one - other));
		expect([...owed].filter((data) => !stored.includes(Number(data)))).toEqual([]);
	}
	console.log(`${crashes} crashes left ${left} publishes; ${duplicates} repetitions were recognised`);
	// The run was worth something: all of it did happen.
	expect(Math.min(crashes, left, duplicates)).toBeGreaterThan(100);
});
