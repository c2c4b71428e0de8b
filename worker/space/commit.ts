import { storage } from "../../protocol/limits.ts";
import { failureLine } from "../../protocol/log.ts";
import type { Database } from "./database.ts";
import { EphemeralRun } from "./ephemeral.ts";
import type { Log } from "./parts/log/log.ts";
import { separator } from "./parts/log/segments.ts";
import type { Outbox } from "./parts/outbox/outbox.ts";
import type { Append, Outcome } from "./ports.ts";

/** One request to store something, and whom to tell what became of it. */
export interface Pending {
	readonly append: Append;
	/** The client that does not get its ephemeral messages, as a receiver names it: it asked for no echo. */
	readonly except?: string;
	/** Called once, after the transaction stands or has failed; it may write to a session, never to storage. */
	readonly done: (outcome: Outcome) => void;
}

/** What a commit needs beside the parts. */
export interface CommitHost {
	/** Sends what was written to all sockets. */
	send(): void;
	/** Called after a flush that stored something, with when the first of it has been kept long enough, or Infinity. */
	stored(expires: number): void;
	/** Gives the object up: its memory is dropped, its storage stays. */
	abort(reason: string): void;
}

/**
 * The one hot path. What arrives is queued and stored at the next tick of the event loop, all of it in one transaction;
 * then each publisher is answered and each subscriber gets its messages, one frame a socket.
 */
export class Commit {
	readonly #database: Pick<Database, "transact">;
	readonly #log: Log;
	readonly #outbox: Outbox;
	readonly #host: CommitHost;
	#queue: Pending[] = [];
	#size = 0;
	#broken = false;

	constructor(database: Pick<Database, "transact">, log: Log, outbox: Outbox, host: CommitHost) {
		this.#database = database;
		this.#log = log;
		this.#outbox = outbox;
		this.#host = host;
	}

	/**
	 * Queues a request. Flushing here, in the message event, would let one busy socket starve all others of the object:
	 * the loop asks for other sockets' frames only when it has nothing left to do. The cap is a guard against a flood.
	 */
	add(pending: Pending): void {
		if (this.#queue.length === 0) setTimeout(() => this.flush(), 0);
		this.#queue.push(pending);
		const { drafts, ephemeral = [] } = pending.append;
		for (const draft of [...drafts, ...ephemeral]) this.#size += draft.data.length;
		if (this.#queue.length >= storage.flushMessages || this.#size >= storage.flushBytes) this.flush();
	}

	/** Stores everything queued. Called before anything that reads, so that no one sees a state before its own writes. */
	flush(): void {
		const queue = this.#queue;
		if (queue.length === 0) return;
		this.#queue = [];
		this.#size = 0;
		const appended = this.#broken ? undefined : this.#store(queue);
		if (!appended) {
			for (const pending of queue) pending.done(internal);
			this.#host.send();
			return;
		}
		appended.apply();
		const passing = new EphemeralRun(appended.ts);
		for (const [index, pending] of queue.entries()) {
			const outcome = appended.outcomes[index] ?? internal;
			pending.done(outcome);
			if (outcome.ok && !outcome.duplicate) passing.add(pending.append, pending.except, outcome.passes);
		}
		for (const added of appended.added) this.#outbox.publish(added);
		// Behind everything that was stored before them, and so is whoever gets them.
		for (const { channel, texts, except } of passing.all) {
			this.#outbox.pass(this.#log.channel(channel), texts.join(separator), except);
		}
		this.#host.send();
		if (appended.added.length > 0) this.#host.stored(appended.expires);
	}

	#store(queue: readonly Pending[]) {
		try {
			return this.#database.transact(() => this.#log.append(queue.map((pending) => pending.append)));
		} catch (error) {
			// Nothing of the flush is stored and memory has not changed; but a database that throws is not to be trusted.
			console.error(failureLine("flush", error));
			this.#broken = true;
			setTimeout(() => this.#host.abort("the database failed"), 0);
			return undefined;
		}
	}
}

const internal: Outcome = {
	ok: false,
	code: "internal",
	message: "The server failed; nothing of this was stored. Send it again.",
};
