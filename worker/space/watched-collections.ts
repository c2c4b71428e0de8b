import { recordSeparator } from "../../protocol/codec/record-text.ts";
import { limits } from "../../protocol/limits.ts";
import type { Collections } from "./parts/collections/collections.ts";
import { type Change, changeText, recordText } from "./parts/collections/record.ts";
import type { WatchedCollections } from "./parts/watchers/watchers.ts";
import type { ChangedRecords } from "./ports.ts";

/** The collections as those who watch them read them: as texts, a page at a time. */
export function watchedCollections(collections: Collections): WatchedCollections {
	return {
		head: (collection) => collections.collection(collection).head,
		page({ collection, ...span }, { rev, id }, size) {
			const range = { ...span, after: id, until: rev };
			const { records, more } = collections.page(collection, range, { count: limits.pageMessagesMost, size });
			const next = more ? records.at(-1)?.id : undefined;
			return { body: records.map(recordText).join(recordSeparator), ...(next !== undefined && { next }) };
		},
		changes({ collection, ...span }, after, size) {
			const most = { count: limits.pageMessagesMost, size };
			const changes = collections.changes(collection, after, most, span);
			if (!changes.ok) return undefined;
			return { body: changes.records.map((record) => changeText(record)).join(recordSeparator), to: changes.to };
		},
	};
}

/** What was written in one transaction, by collection. `collections` are as they are after it. */
export function changedRecords(changes: readonly Change[], collections: Collections): readonly ChangedRecords[] {
	const byName = Map.groupBy(changes, ({ collection }) => collection);
	return [...byName].map(([name, own]) => ({
		collection: collections.collection(name),
		after: (own[0]?.record.rev ?? 1) - 1,
		to: own.at(-1)?.record.rev ?? 0,
		records: own.map(({ record, tx }) => ({ id: record.id, text: changeText(record, tx) })),
	}));
}
