import { readLiveNews } from "../../protocol/codec/live.ts";
import type { Json } from "../../protocol/envelopes.ts";
import type { RecordChange, RecordNews } from "../../protocol/watch.ts";

/** Where a copy stands: as the wire has it in `at`, without the epoch. */
export interface CopyPlace {
	readonly rev: number;
	readonly id?: string;
}

/**
 * What somebody who watches makes of `rec` envelopes, by the rules of the protocol's page. It counts what may never happen.
 */
export class RecordCopy {
	readonly records = new Map<string, RecordChange>();
	/** Undefined until a watch was answered. */
	place: CopyPlace | undefined;
	/** A revision that came twice or fell, an id that came twice or out of order, a record of the snapshot that is too new. */
	faults: string[] = [];
	/** Changes that were new, and records of snapshots. */
	changes = 0;
	snapshotRecords = 0;
	#seen = new Set<string>();

	/** A snapshot comes, at this revision: whatever was known is void. */
	restart(rev: number): void {
		this.place = { rev, id: "" };
		this.#seen = new Set(this.records.keys());
	}

	/** Takes news; false where something before them is missing. */
	take(news: RecordNews): boolean {
		if (!this.place) return true;
		return news.snapshot ? this.#snapshot(news, this.place) : this.#changed(news, this.place);
	}

	/** The ids, each with its revision and data, in order of id. */
	get content(): readonly (readonly [string, number, Json | undefined])[] {
		return [...this.records.values()].map(({ id, rev, data }) => [id, rev, data] as const).sort(byId);
	}

	#snapshot(news: Extract<RecordNews, { snapshot: true }>, { rev, id }: CopyPlace): boolean {
		if (id === undefined || news.to !== rev) return true;
		let last = id;
		for (const entry of news.entries) {
			if (entry.id <= last) continue;
			if (entry.rev > rev || entry.data === undefined) this.faults.push(`${entry.id}@${entry.rev} in ${rev}`);
			last = entry.id;
			this.snapshotRecords += 1;
			this.#seen.delete(entry.id);
			this.records.set(entry.id, entry);
		}
		this.place = news.next === undefined ? { rev } : { rev, id: news.next };
		if (news.next === undefined) for (const gone of this.#seen) this.records.delete(gone);
		return true;
	}

	#changed(news: Extract<RecordNews, { snapshot: false }>, { rev, id }: CopyPlace): boolean {
		if (id !== undefined || news.after > rev) return false;
		let last = news.after;
		for (const entry of news.entries) {
			if (entry.rev <= last || entry.rev > news.to) this.faults.push(`${entry.id}@${entry.rev} after ${last}`);
			last = entry.rev;
			if (entry.rev <= rev) continue;
			this.changes += 1;
			if (entry.data === undefined) this.records.delete(entry.id);
			else this.records.set(entry.id, entry);
		}
		this.place = { rev: Math.max(rev, news.to) };
		return true;
	}
}

function byId([one]: readonly [string, ...unknown[]], [other]: readonly [string, ...unknown[]]): number {
	return one < other ? -1 : 1;
}

/** The news of records in a frame of the server. */
export function recordNewsOf(frame: string): readonly RecordNews[] {
	return [JSON.parse(frame) as Json].flat().flatMap((envelope) => {
		const news = readLiveNews(envelope as { readonly [key: string]: Json });
		return news?.type === "records" ? [news] : [];
	});
}
