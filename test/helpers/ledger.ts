/** What publishers were promised, what the log holds and what subscribers saw, compared. */
export interface Entry {
	readonly seq: number;
	readonly data: { readonly publisher: number; readonly index: number };
}

/** One acknowledged publish. */
export interface Ack {
	readonly seq: number | null;
	readonly publisher: number;
	readonly index: number;
	readonly duplicate: boolean;
}

/** What is wrong, counted; all zero when every promise was kept. */
export interface Verdict {
	/** Acknowledged, and not in the log at the seq it was acknowledged with. */
	readonly lost: number;
	/** In the log more than once. */
	readonly doubled: number;
	/** Of one publisher, after a later one of it. */
	readonly reordered: number;
	/** Seqs missing or out of place in the log. */
	readonly gaps: number;
	/** Messages that a subscriber missed, saw twice or saw out of order. */
	readonly misdelivered: number;
}

const keyOf = ({ publisher, index }: { readonly publisher: number; readonly index: number }) => `${publisher}:${index}`;

/** Compares the acknowledgements and what each subscriber saw with the log. */
export function judge(
	log: readonly Entry[],
	acks: readonly Ack[],
	subscribers: readonly (readonly Entry[])[],
): Verdict {
	const bySeq = new Map(log.map((entry) => [entry.seq, keyOf(entry.data)]));
	const keys = log.map((entry) => keyOf(entry.data));
	const last = new Map<number, number>();
	let reordered = 0;
	for (const { data } of log) {
		if (data.index <= (last.get(data.publisher) ?? -1)) reordered += 1;
		last.set(data.publisher, data.index);
	}
	return {
		lost: acks.filter((ack) => ack.seq === null || bySeq.get(ack.seq) !== keyOf(ack)).length,
		doubled: keys.length - new Set(keys).size,
		reordered,
		gaps: log.filter((entry, index) => entry.seq !== index + 1).length,
		misdelivered: subscribers.reduce((sum, seen) => sum + difference(seen, log), 0),
	};
}

function difference(seen: readonly Entry[], log: readonly Entry[]): number {
	const wrong = seen.filter(
		(entry, index) => entry.seq !== log[index]?.seq || keyOf(entry.data) !== bySeqKey(log[index]),
	);
	return wrong.length + Math.max(0, log.length - seen.length);
}

function bySeqKey(entry: Entry | undefined): string | undefined {
	return entry && keyOf(entry.data);
}

/** A verdict without a fault. */
export const flawless: Verdict = { lost: 0, doubled: 0, reordered: 0, gaps: 0, misdelivered: 0 };
