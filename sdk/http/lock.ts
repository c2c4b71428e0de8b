import { type LockHold, locksCollection } from "../../protocol/locks.ts";
import { backoffDelay } from "../backoff.ts";
import { checkName } from "../check-name.ts";
import { AerogramError, isAerogramError } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { withSignals } from "../signals.ts";
import { sendRequest, sleep } from "./attempts.ts";
import { objectOf } from "./response.ts";

declare global {
	// As ES2026 and the types of Node have it; a program that is compiled for less must read this file, too.
	interface SymbolConstructor {
		readonly asyncDispose: unique symbol;
	}
}

/** How to take a lock. */
export interface LockOptions {
	/** Seconds until it is lost, unless it is renewed. A holder that hangs blocks the others for so long. */
	readonly ttl: number;
	/**
	 * Milliseconds to wait while another holds it; 0: not at all. Then it rejects with `condition_failed`.
	 * @default as long as it takes
	 */
	readonly wait?: number | undefined;
	/** Gives up the wait; the promise then rejects with the signal's reason. */
	readonly signal?: AbortSignal | undefined;
}

/** Between two looks at a lock that another holds: `backoffBase`, doubled so often. With full jitter, 1 s on average. */
const mostDoublings = 2;

/** The record that a lock is, as far as its holder needs it. */
interface LockRecord {
	readonly etag: string;
	readonly expires: number;
}

/** Writes, or deletes, the record of a lock. */
type WriteLock = (
	method: "PUT" | "DELETE",
	condition: { readonly "if-match": string } | { readonly "if-none-match": "*" },
	body?: { readonly json: object; readonly ttl: number; readonly signal?: AbortSignal },
) => Promise<LockRecord>;

/**
 * A lock that was taken. It is held until it is released or its time is over, whichever comes first: nobody tells its holder,
 * who may have been asleep. So what is done under it should say so (`lock` of a publish, of a record's write, of a write in a
 * transaction): it is then done only while the lock is held, or refused with `lock_lost`.
 */
export class Lock implements LockHold {
	readonly name: string;
	/** `<epoch>:<rev>`. A later holder has a greater one: compare the epochs as text, then the revisions as numbers. */
	readonly token: string;
	readonly #write: WriteLock;
	readonly #ttl: number;
	#record: LockRecord;

	/** Made by `takeLock`. */
	constructor(name: string, write: WriteLock, record: LockRecord, ttl: number) {
		this.name = name;
		this.token = record.etag.slice(1, -1);
		this.#write = write;
		this.#record = record;
		this.#ttl = ttl;
	}

	/** When it is lost unless it is renewed: milliseconds since 1970, by the server's clock. */
	get expires(): number {
		return this.#record.expires;
	}

	/** Holds it for `ttl` seconds more, from now on. Rejects with `lock_lost` where it is held no more. */
	async renew(ttl: number = this.#ttl): Promise<void> {
		const { name, token } = this;
		try {
			this.#record = await this.#write("PUT", { "if-match": this.#record.etag }, { json: { token }, ttl });
		} catch (thrown) {
			throw isElsewhere(thrown)
				? new AerogramError("lock_lost", `The lock ${name} is lost.`, { cause: thrown })
				: thrown;
		}
	}

	/** Lets it go. Does nothing where it is held no more. */
	async release(): Promise<void> {
		try {
			await this.#write("DELETE", { "if-match": this.#record.etag });
		} catch (thrown) {
			if (!isElsewhere(thrown)) throw thrown;
		}
	}

	/** `release`, for `await using`. */
	[Symbol.asyncDispose](): Promise<void> {
		return this.release();
	}
}

/** Takes a lock, and waits while another holds it: it looks again and again. Rejects as the methods of `Http` do. */
export async function takeLock(settings: Settings, space: string, name: string, options: LockOptions): Promise<Lock> {
	const { ttl, wait = Number.POSITIVE_INFINITY, signal } = options;
	const { clock, random, durations } = settings;
	const path = settings.httpUrl(space, `collections/${locksCollection}/${checkName(name, "lock")}`);
	const write: WriteLock = async (method, headers, { json, ttl, signal } = { json: {}, ttl: 0 }) => {
		const body = method === "PUT" ? { query: { ttl } } : {};
		const text = method === "PUT" ? JSON.stringify(json) : undefined;
		const response = await sendRequest(settings, { method, path, options: { headers, signal, ...body }, text });
		const { expires = 0 } = method === "PUT" ? objectOf<{ expires?: number }>(response) : {};
		return { etag: response.etag ?? "", expires };
	};
	const until = clock.now() + wait;
	return withSignals([signal, settings.closing.signal], async (either) => {
		for (let attempt = 0; ; attempt++) {
			try {
				const record = await write("PUT", { "if-none-match": "*" }, { json: {}, ttl, signal: either });
				return new Lock(name, write, record, ttl);
			} catch (thrown) {
				const delay = backoffDelay(Math.min(attempt, mostDoublings), random, durations);
				if (!isElsewhere(thrown) || clock.now() + delay > until) throw thrown;
				await sleep(settings, delay, either);
			}
		}
	});
}

/** Whether the record is not the one that a write was for: another holds the lock, or nobody. */
function isElsewhere(thrown: unknown): boolean {
	return isAerogramError(thrown) && (thrown.code === "condition_failed" || thrown.code === "not_found");
}
