import { storage } from "../../../../protocol/limits.ts";
import type { Run } from "../../ports.ts";
import { type Producer, publishOf } from "./producers.ts";
import { textsOf } from "./segments.ts";

/** A publish that is looked for, because its producer has published since. */
export interface Sought {
	/** Who made it, as `producerKey` has it. */
	readonly producer: string;
	readonly n: number;
	/** The key of its message. */
	readonly key: string | undefined;
	/** The last publish of the producer that is stored. */
	readonly last: Producer;
}

/** What has been read of one channel. */
interface Searched {
	/** The seqs of publishes, by producer and `n`. */
	readonly seqs: Map<string, number>;
	/** The spans of seqs that were read: after which each begins, by its last. */
	readonly spans: Map<number, number>;
}

/**
 * What one flush reads of its channels in search of earlier publishes: each segment once, for all that are looked for, and
 * only so much. A search comes before rights and rates, and anybody can ask for a publish that never was.
 */
export class Search {
	#left: number = storage.searchedSize;
	readonly #channels = new Map<number, Searched>();

	/** The seq of a publish; null where it is not to be found. `read` gives the segment that holds a seq, or none. */
	find(channel: number, { producer, n, last }: Sought, read: (seq: number) => Run | undefined): number | null {
		const searched = this.#channels.get(channel) ?? { seqs: new Map(), spans: new Map() };
		this.#channels.set(channel, searched);
		const { seqs } = searched;
		const mark = markOf(producer, n);
		// Where nobody else has published since, and none was refused, it stands here, however much there is behind it.
		if (!seqs.has(mark)) this.#look(searched, last.seq - (last.n - n), read);
		for (let seq: number | undefined = last.seq; seq !== undefined && !seqs.has(mark); ) {
			seq = this.#look(searched, seq, read);
		}
		return seqs.get(mark) ?? null;
	}

	/** Reads the segment that holds a seq, unless it was. Returns the seq before it; undefined where there is no going on. */
	#look({ seqs, spans }: Searched, seq: number, read: (seq: number) => Run | undefined): number | undefined {
		const known = spans.get(seq) ?? [...spans].find(([to, after]) => after < seq && seq <= to)?.[1];
		if (known !== undefined) return known;
		const run = this.#left > 0 ? read(seq) : undefined;
		if (!run) return undefined;
		this.#left -= run.body.length;
		spans.set(run.to, run.after);
		for (const text of textsOf(run)) {
			const publish = publishOf(text);
			if (publish) seqs.set(markOf(publish[0], publish[1].n), publish[1].seq);
		}
		return run.after;
	}
}

function markOf(producer: string, n: number): string {
	return `${producer}/${n}`;
}
