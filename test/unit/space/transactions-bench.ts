import { durations, quotas } from "../../../protocol/limits.ts";
import type { TransactionItem, TransactionRequest } from "../../../worker/space/api/transactions.ts";
import { checkLock } from "../../../worker/space/locks.ts";
import { Collections } from "../../../worker/space/parts/collections/collections.ts";
import { Jobs } from "../../../worker/space/parts/jobs/jobs.ts";
import { Keys } from "../../../worker/space/parts/log/keys.ts";
import { Log } from "../../../worker/space/parts/log/log.ts";
import { Outbox } from "../../../worker/space/parts/outbox/outbox.ts";
import { Rates } from "../../../worker/space/parts/rates/rates.ts";
import { Schema } from "../../../worker/space/parts/schema/schema.ts";
import { Watchers } from "../../../worker/space/parts/watchers/watchers.ts";
import type { Receiver, SqlValue } from "../../../worker/space/ports.ts";
import { Records } from "../../../worker/space/records.ts";
import { Transactions } from "../../../worker/space/transactions.ts";
import { watchedCollections } from "../../../worker/space/watched-collections.ts";
import { MemorySql } from "./sqlite.ts";

/** As much as there is. */
const most = { count: Number.POSITIVE_INFINITY, size: Number.POSITIVE_INFINITY };

/** The epoch of the bench's space. */
export const epoch = "0mws8iikc9alb9adv";

/** SQLite in memory of which one statement fails. */
export class FaultySql extends MemorySql {
	/** How many statements run until one fails; Infinity: none does. */
	failAfter = Number.POSITIVE_INFINITY;
	/** Statements since the last look. */
	statements = 0;

	override all<Row extends Record<string, SqlValue>>(query: string, ...bindings: readonly SqlValue[]): Row[] {
		this.#count(query);
		return super.all<Row>(query, ...bindings);
	}

	override each<Row extends Record<string, SqlValue>>(query: string, ...bindings: readonly SqlValue[]): Iterable<Row> {
		this.#count(query);
		return super.each<Row>(query, ...bindings);
	}

	override run(query: string, ...bindings: readonly SqlValue[]): void {
		this.#count(query);
		super.run(query, ...bindings);
	}

	#count(query: string): void {
		this.statements += 1;
		if (this.statements > this.failAfter) {
			this.failAfter = Number.POSITIVE_INFINITY;
			throw new Error(`injected at: ${query}`);
		}
	}
}

/** A subscriber: what was written to it in each turn. */
export class Reader implements Receiver {
	readonly frames: string[][] = [];
	#written: string[] = [];

	write(envelope: string): void {
		this.#written.push(envelope);
	}

	close(): void {}

	send(): void {
		if (this.#written.length > 0) this.frames.push(this.#written);
		this.#written = [];
	}
}

/** Transactions over SQLite in memory, and everything that they touch. */
export class TransactionsBench {
	readonly sql = new FaultySql();
	readonly reader = new Reader();
	now = 1_700_000_000_000;
	givenUp = 0;
	log!: Log;
	collections!: Collections;
	outbox!: Outbox;
	transactions!: Transactions;
	#txs = 0;

	constructor() {
		new Schema(
			this.sql,
			() => this.now,
			() => 0.5,
		);
		this.wake();
	}

	/** Everything with nothing in memory, as after sleep. */
	wake(): void {
		const now = () => this.now;
		const { sql } = this;
		let ids = 0;
		this.log = new Log(sql, now, () => `made-${ids++}`);
		this.collections = new Collections(sql, now, () => `made-${ids++}`);
		const head = ({ name }: { name: string }) => this.log.channel(name).head;
		const page = ({ name }: { name: string }, after: number) =>
			this.log.page(this.log.channel(name), { after, before: Number.POSITIVE_INFINITY }, most);
		this.outbox = new Outbox({ head, page }, now, 30_000);
		const lockCheck = (hold: { name: string; token: string }) => checkLock(this.collections, epoch, hold);
		const shared = {
			database: sql,
			collections: this.collections,
			keys: new Keys(sql),
			rates: new Rates(quotas, now),
			fanOut: { ofMessage: () => 1, ofRecord: () => 1 },
			now,
			checkLock: lockCheck,
			epoch: () => epoch,
			stored: () => {},
			send: () => {},
			watchers: new Watchers(watchedCollections(this.collections), now, 30_000),
		};
		const records = new Records({ ...shared, jobs: new Jobs(sql, now, { set: () => {} }), durations });
		this.transactions = new Transactions({
			...shared,
			commit: { flush: () => {} },
			log: this.log,
			records,
			outbox: this.outbox,
			sockets: { sendTogether: () => this.reader.send() },
			makeTx: () => `tx${this.#txs++}`,
			giveUp: () => {
				this.givenUp += 1;
			},
		});
	}

	run(items: readonly TransactionItem[], more: Partial<TransactionRequest> = {}) {
		return this.transactions.run({ principal: "p", items, ...more });
	}

	/** The messages of a channel, as stored. */
	messages(channel: string): readonly { readonly seq: number; readonly tx: string; readonly data: unknown }[] {
		const body =
			this.log.page(this.log.channel(channel), { after: 0, before: Number.POSITIVE_INFINITY }, most)?.body ?? "";
		return JSON.parse(`[${body}]`) as { seq: number; tx: string; data: unknown }[];
	}

	/** The records of a collection. */
	records(collection: string): readonly { readonly id: string; readonly rev: number; readonly data: unknown }[] {
		const most = { count: 1_000, size: Number.POSITIVE_INFINITY };
		const { records } = this.collections.page(collection, { prefix: "", after: "" }, most);
		return records.map(({ id, rev, data }) => ({ id, rev, data: JSON.parse(data) as unknown }));
	}
}

/** A publish. */
export function publish(channel: string, data: number, more: object = {}): TransactionItem {
	return { op: "publish", channel, draft: { data }, ...more };
}

/** A put. */
export function put(collection: string, id: string, data: object, more: object = {}): TransactionItem {
	return { op: "write", collection, id, action: { kind: "put", data: JSON.stringify(data) }, ...more };
}
