import { failureLine } from "../../protocol/log.ts";
import type { Fault } from "../../protocol/result.ts";
import type {
	Transacted,
	TransactionItem,
	TransactionRefusal,
	TransactionRequest,
	TransactionResult,
} from "./api/transactions.ts";
import type { Commit } from "./commit.ts";
import type { Database } from "./database.ts";
import type { FanOut } from "./fan-out.ts";
import type { LockCheck } from "./locks.ts";
import type { Collections } from "./parts/collections/collections.ts";
import type { Stage } from "./parts/collections/stage.ts";
import type { Keys, UsedKey } from "./parts/log/keys.ts";
import type { Appended, Log } from "./parts/log/log.ts";
import type { Outbox } from "./parts/outbox/outbox.ts";
import type { Rates } from "./parts/rates/rates.ts";
import type { Sockets } from "./parts/sockets/sockets.ts";
import type { Clock } from "./ports.ts";
import type { Records } from "./records.ts";
import { tooEarly } from "./too-early.ts";
import { type Refused, TransactionItems } from "./transaction-items.ts";

/** What transactions need of the space. */
export interface TransactionsHost {
	readonly database: Pick<Database, "transact">;
	readonly commit: Pick<Commit, "flush">;
	readonly log: Log;
	readonly collections: Collections;
	readonly records: Records;
	readonly outbox: Outbox;
	readonly sockets: Pick<Sockets<WebSocket>, "sendTogether">;
	readonly keys: Keys;
	readonly rates: Rates;
	readonly fanOut: Pick<FanOut, "ofMessage" | "ofRecord">;
	readonly now: Clock;
	readonly checkLock: LockCheck;
	/** The id of this life of the space's data. */
	epoch(): string;
	/** Makes the id of a transaction, which no other has. */
	makeTx(): string;
	/** Called after a transaction that stored something. `expires`: when the first of its messages is too old. */
	stored(expires?: number): void;
	/** Gives the object up, once whoever waits is answered: its memory is dropped, its storage stays. */
	giveUp(reason: string): void;
}

/** The part of an answer that is the same when it is given again. */
type Answer = Pick<Transacted, "tx" | "results">;

/** What is stored, and what memory and readers are to be told of it. */
interface Stored extends Answer {
	readonly appended: Appended;
	readonly stage: Stage;
}

/** Undoes a transaction: what it was refused for. */
class Undone extends Error {
	readonly refused: Refused;

	constructor(refused: Refused) {
		super(refused.message);
		this.refused = refused;
	}
}

/**
 * Publishes and writes of records that are stored together or not at all: one transaction of the database. Then, in the same
 * turn, memory follows, and every socket gets all that it may see of it as one frame.
 */
export class Transactions {
	readonly #host: TransactionsHost;

	constructor(host: TransactionsHost) {
		this.#host = host;
	}

	/** Stores all of it, or says why not. Dedup comes first: what is stored must be answered so, whatever has changed since. */
	run(request: TransactionRequest): Transacted | TransactionRefusal {
		const { commit, keys, rates, now, epoch } = this.#host;
		const { principal, items, idempotency } = request;
		commit.flush();
		const used = idempotency && keys.get(principal, idempotency.key, now());
		if (idempotency && used) return this.#replay(used, idempotency.hash);
		if (request.refused) return { ok: false, ...request.refused };
		const early = rates.request(principal, items.length, this.#deliveries(items));
		if (early > 0) {
			const { retryAfter, ...refusal } = tooEarly(early);
			return { ...refusal, state: { retryAfter } };
		}
		const stored = this.#store(request);
		if (stored instanceof Undone) return { ok: false, ...stored.refused };
		const { tx, results } = stored;
		return this.#tell(stored) ?? { ok: true, epoch: epoch(), tx, results, replayed: false };
	}

	#deliveries(items: readonly TransactionItem[]): number {
		const { fanOut } = this.#host;
		const costs = items.map((item) =>
			item.op === "publish" ? fanOut.ofMessage(item.channel) : fanOut.ofRecord(item.collection),
		);
		return costs.reduce((sum, cost) => sum + cost, 0);
	}

	#store({ principal, items, idempotency }: TransactionRequest): Stored | Undone {
		const { database, collections, log, keys, now, makeTx } = this.#host;
		const tx = makeTx();
		const stage = collections.stage(tx);
		try {
			return database.transact(() => {
				const { results, appended } = this.#write(principal, items, tx, stage);
				if (idempotency) {
					const answer = JSON.stringify({ tx, results } satisfies Answer);
					keys.set(principal, idempotency.key, { hash: idempotency.hash, first: 0, count: 0, answer }, now());
				}
				return { tx, results, appended, stage };
			});
		} catch (error) {
			if (error instanceof Undone) return error;
			console.error(failureLine("transaction", error));
			// What was read in the meantime may never have been stored.
			collections.clear();
			log.clear();
			return new Undone({ code: "internal", message: "The server failed; nothing of this was stored. Send it again." });
		}
	}

	/** Writes every item in order, inside the transaction. Throws `Undone` for the first that is refused. */
	#write(principal: string, items: readonly TransactionItem[], tx: string, stage: Stage) {
		const { log, records, epoch } = this.#host;
		const writing = new TransactionItems({ log, records, stage, principal, tx, epoch: epoch() });
		for (const [index, item] of items.entries()) {
			const refused = this.#check(item) ?? writing.add(item, index);
			if (!refused) continue;
			// One before it may be a publish that cannot be stored: that is known once all of them are tried.
			throw new Undone(writing.append().refused ?? { ...refused, item: index });
		}
		const { appended, refused } = writing.append();
		if (refused) throw new Undone(refused);
		return { results: writing.results, appended };
	}

	/** The place where an item is checked: inside the transaction, when all items before it are written. */
	#check({ lock }: TransactionItem): Fault | undefined {
		return lock && this.#host.checkLock(lock);
	}

	/**
	 * Memory follows what is stored, and readers are told. Where that fails, nobody can say what they have: the object is given
	 * up, and all start again from what is stored.
	 */
	#tell({ appended, stage }: Stored): TransactionRefusal | undefined {
		const { records, outbox, sockets, stored, giveUp } = this.#host;
		try {
			appended.apply();
			records.apply(stage);
			outbox.publishTogether(appended.added);
			sockets.sendTogether();
			stored(appended.expires);
			return undefined;
		} catch (error) {
			console.error(failureLine("transaction, after it was stored", error));
			giveUp("the database failed");
			const message = "The server failed, and this may be stored: send it again with the same idempotency key.";
			return { ok: false, code: "internal", message };
		}
	}

	#replay(used: UsedKey, hash: string): Transacted | TransactionRefusal {
		if (used.hash !== hash || used.answer === undefined) {
			const message = "This idempotency key was first used with another request; make a new key.";
			return { ok: false, code: "idempotency_mismatch", message };
		}
		const { tx, results } = JSON.parse(used.answer) as { tx: string; results: readonly TransactionResult[] };
		return { ok: true, epoch: this.#host.epoch(), tx, results, replayed: true };
	}
}
