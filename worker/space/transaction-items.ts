import type { TransactionItem, TransactionRefusal, TransactionResult } from "./api/transactions.ts";
import { divideDrafts } from "./ephemeral.ts";
import type { RecordWrite, Revisions, Stage } from "./parts/collections/stage.ts";
import type { Appended, Log } from "./parts/log/log.ts";
import type { Append } from "./ports.ts";
import type { Records } from "./records.ts";

/** Why a transaction is refused, and for which item. */
export type Refused = Omit<TransactionRefusal, "ok">;

/** What the items of one transaction are written with. */
export interface ItemsHost {
	readonly log: Log;
	readonly records: Pick<Records, "writeOf">;
	readonly stage: Stage;
	readonly principal: string;
	/** The id of the transaction. */
	readonly tx: string;
	readonly epoch: string;
}

/**
 * The items of one transaction while it runs. Records are written one by one, each seeing those before; publishes are
 * gathered, so that those of a channel are adjacent, and appended together at the end.
 */
export class TransactionItems {
	readonly #host: ItemsHost;
	readonly #results: TransactionResult[] = [];
	readonly #appends: { readonly index: number; readonly append: Append; readonly floor: number }[] = [];

	constructor(host: ItemsHost) {
		this.#host = host;
	}

	/** Where each item is stored, in their order; whole once `append` was called. */
	get results(): readonly TransactionResult[] {
		return this.#results;
	}

	/** Takes the next item; returns why it cannot be stored, as far as that is known now. */
	add(item: TransactionItem, index: number): Refused | undefined {
		return item.op === "publish" ? this.#publish(item, index) : this.#write(item, index);
	}

	/** Appends all publishes, once. With the refusal of the first that cannot be stored. */
	append(): { readonly appended: Appended; readonly refused?: Refused } {
		const { log, epoch } = this.#host;
		const appended = log.append(this.#appends.map(({ append }) => append));
		for (const [at, { index, append, floor }] of this.#appends.entries()) {
			const outcome = appended.outcomes[at];
			if (outcome?.ok && outcome.first !== null) {
				this.#results[index] = { channel: append.channel, seq: outcome.first };
			} else if (outcome && !outcome.ok) {
				const { code, message, head, path, retryAfter } = outcome;
				if (retryAfter !== undefined) {
					return {
						appended,
						refused: { code, message, item: index, state: { retryAfter: Math.ceil(retryAfter / 1_000) } },
					};
				}
				const where = head !== undefined ? { epoch, floor, head } : path !== undefined ? { path } : undefined;
				const state = where && { state: where };
				return { appended, refused: { code, message, item: index, ...state } };
			}
		}
		return { appended };
	}

	#publish(item: Extract<TransactionItem, { op: "publish" }>, index: number): Refused | undefined {
		const { log, principal, tx, epoch } = this.#host;
		const { channel, draft, ifSeq, ifEpoch } = item;
		const { drafts, ephemeral } = divideDrafts([draft], log.channel(channel).kind);
		if (ephemeral) {
			return { code: "bad_request", message: "A transaction stores all of it: nothing in it is ephemeral." };
		}
		// As last stored: once something is appended, it could be read as it is only inside this transaction.
		const { floor, head } = log.channel(channel);
		if (ifEpoch !== undefined && ifEpoch !== epoch) {
			const message = `The channel's head is ${epoch}:${head}.`;
			return { code: "condition_failed", message, state: { epoch, floor, head } };
		}
		const append = { principal, channel, drafts, tx, ...(ifSeq !== undefined && { ifSeq }) };
		this.#appends.push({ index, append, floor });
		return undefined;
	}

	#write(item: Extract<TransactionItem, { op: "write" }>, index: number): Refused | undefined {
		const { stage, records, principal, epoch } = this.#host;
		const outcome = stage.write(withRevision(records.writeOf({ ...item, principal }), item.ifRev));
		if (!outcome.ok) {
			const { code, message, rev, path, retryAfter } = outcome;
			if (retryAfter !== undefined) return { code, message, state: { retryAfter } };
			if (path !== undefined) return { code, message, state: { path } };
			if (code !== "condition_failed") return { code, message };
			return { code, message, state: { epoch, ...(rev !== undefined && { rev }) } };
		}
		const { created, record } = outcome;
		this.#results[index] = { collection: item.collection, id: record.id, rev: record.rev, created };
		return undefined;
	}
}

/** A write that also asks for one revision. */
function withRevision(write: RecordWrite, rev: number | undefined): RecordWrite {
	if (rev === undefined) return write;
	const { match = "any" } = write;
	const both: Revisions = match === "any" || match.includes(rev) ? [rev] : [];
	return { ...write, match: both };
}
