/**
 * `aerogram/queue`: publishes that wait for a connection outlive the program.
 *
 *     const queue = await openQueue(localStorage);
 *     const client = new Aerogram(url, { queue });
 */
import { isClientId } from "../protocol/names.ts";
import { AerogramError } from "./errors.ts";
import type { PublishQueue, StoredLane, StoredPublish } from "./publish-queue.ts";
import { randomId } from "./random-id.ts";

export type { PublishQueue, StoredLane, StoredPublish };

/** What texts are kept in: `localStorage`, `AsyncStorage` of React Native, or two functions over a file or a database. */
export interface QueueStorage {
	/** The text under a key; null where there is none. */
	getItem(key: string): string | null | Promise<string | null>;
	/** Puts a text there as a whole, or not at all. A promise that it returns is waited for. */
	setItem(key: string, text: string): unknown;
}

/** The part of the Web Locks API that is used. */
export interface QueueLocks {
	request(
		name: string,
		options: { readonly ifAvailable: true },
		callback: (lock: unknown) => Promise<void> | undefined,
	): Promise<unknown>;
}

/** What can be said of a queue. */
export interface QueueOptions {
	/**
	 * What its keys begin with. Programs that share a storage and no locks, two processes of Node for one, need a name each:
	 * two that run with one queue would take each other's numbers, and lose messages.
	 * @default "aerogram-queue"
	 */
	readonly name?: string | undefined;
	/**
	 * What keeps two tabs of a page from having one queue: each then has its own, and what a closed tab left is taken over
	 * by the next one that opens.
	 * @default the Web Locks of the platform, where it has them
	 */
	readonly locks?: QueueLocks | undefined;
}

interface Lane {
	readonly space: string;
	readonly channel: string;
	last: number;
	readonly publishes: Map<number, StoredPublish>;
}

interface State {
	readonly version: unknown;
	readonly client: string;
	readonly lanes: readonly (Omit<Lane, "publishes"> & { readonly publishes: readonly StoredPublish[] })[];
}

interface Slot {
	readonly key: string;
	readonly release: () => void;
	readonly client: string;
	readonly lanes: Map<string, Lane>;
}

/**
 * Opens the queue of this program. Nobody else has it until its client is closed or the program ends. Rejects with
 * `malformed` when what is stored is no queue, and with what the storage throws.
 */
export async function openQueue(storage: QueueStorage, options: QueueOptions = {}): Promise<PublishQueue> {
	const { name = "aerogram-queue", locks = platformLocks() } = options;
	let empty: Slot | undefined;
	for (let index = 0; ; index++) {
		const key = `${name}:${index}`;
		const release = locks ? await lock(locks, key) : () => {};
		if (!release) continue;
		try {
			const text = await storage.getItem(key);
			const slot = { key, release, ...readState(key, text) };
			const left = [...slot.lanes.values()].some(({ publishes }) => publishes.size > 0);
			if (left) {
				empty?.release();
				return new StoredQueue(storage, slot);
			}
			// Nothing waits under its client: a new one has no numbers behind it that anybody must remember.
			if (empty) release();
			else empty = { key, release, client: randomId(), lanes: new Map() };
			if (text !== null) continue;
			// Written at once, because the first key without a text is where the search ends.
			await storage.setItem(empty.key, writeState(empty));
			return new StoredQueue(storage, empty);
		} catch (thrown) {
			release();
			empty?.release();
			throw thrown;
		}
	}
}

class StoredQueue implements PublishQueue {
	readonly #storage: QueueStorage;
	readonly #slot: Slot;
	/** The write that is under way. Never rejects. */
	#writing: Promise<unknown> = Promise.resolve();
	/** The one after it, which takes along all that comes before it begins. */
	#waiting: Promise<void> | undefined;

	constructor(storage: QueueStorage, slot: Slot) {
		this.#storage = storage;
		this.#slot = slot;
	}

	get client(): string {
		return this.#slot.client;
	}

	get spaces(): readonly string[] {
		const lanes = [...this.#slot.lanes.values()].filter(({ publishes }) => publishes.size > 0);
		return [...new Set(lanes.map(({ space }) => space))];
	}

	*read(space: string): Iterable<readonly [channel: string, lane: StoredLane]> {
		for (const lane of this.#slot.lanes.values()) {
			if (lane.space === space) yield [lane.channel, { last: lane.last, publishes: [...lane.publishes.values()] }];
		}
	}

	write(space: string, channel: string, publish: StoredPublish): Promise<void> {
		const { lanes } = this.#slot;
		const key = laneKey(space, channel);
		const lane = lanes.get(key) ?? { space, channel, last: -1, publishes: new Map<number, StoredPublish>() };
		lanes.set(key, lane);
		lane.last = Math.max(lane.last, publish.n);
		lane.publishes.set(publish.n, publish);
		return this.#save();
	}

	remove(space: string, channel: string, n: number): void {
		// A removal that fails is made up for by the next write.
		if (this.#slot.lanes.get(laneKey(space, channel))?.publishes.delete(n)) this.#save().catch(() => {});
	}

	close(): void {
		void this.#writing.then(this.#slot.release);
	}

	#save(): Promise<void> {
		if (this.#waiting) return this.#waiting;
		this.#waiting = this.#writing.then(async () => {
			this.#waiting = undefined;
			await this.#storage.setItem(this.#slot.key, writeState(this.#slot));
		});
		this.#writing = this.#waiting.catch(() => {});
		return this.#waiting;
	}
}

function laneKey(space: string, channel: string): string {
	return `${space}/${channel}`;
}

function writeState({ client, lanes }: Slot): string {
	const list = [...lanes.values()].map((lane) => ({ ...lane, publishes: [...lane.publishes.values()] }));
	return JSON.stringify({ version: 1, client, lanes: list });
}

/** Only the outline is checked: nothing but this file writes it. */
function readState(key: string, text: string | null): Pick<Slot, "client" | "lanes"> {
	if (text === null) return { client: "", lanes: new Map() };
	let state: State | null = null;
	try {
		state = JSON.parse(text);
	} catch {
		// Said below.
	}
	if (state?.version !== 1 || !isClientId(state.client)) {
		throw new AerogramError("malformed", `What is stored under ${key} is no queue of this version.`);
	}
	const lanes = state.lanes.map((lane): [string, Lane] => [
		laneKey(lane.space, lane.channel),
		{ ...lane, publishes: new Map(lane.publishes.map((publish) => [publish.n, publish])) },
	]);
	return { client: state.client, lanes: new Map(lanes) };
}

function platformLocks(): QueueLocks | undefined {
	return (globalThis as { navigator?: { locks?: QueueLocks } }).navigator?.locks;
}

/** Holds a lock until what it resolves with is called; undefined where somebody else holds it. */
function lock(locks: QueueLocks, key: string): Promise<(() => void) | undefined> {
	return new Promise((resolve, reject) => {
		locks
			.request(key, { ifAvailable: true }, (held) => {
				if (held) return new Promise<void>((release) => resolve(release));
				resolve(undefined);
				return undefined;
			})
			.catch(reject);
	});
}
