import { isRecordPrefix } from "../../protocol/names.ts";
import { isSeq } from "../../protocol/position.ts";
import type { RecordSelector } from "../../protocol/watch.ts";
import { checkName } from "../check-name.ts";
import { AerogramError } from "../errors.ts";
import type {
	ChangeCallback,
	LiveOptions,
	LiveRecords,
	RecordWatch,
	WatchedRecords,
	WatchOptions,
} from "../record-watch.ts";
import { ChangeStream } from "./change-stream.ts";
import type { LiveLink } from "./live-link.ts";
import type { LivePart } from "./part.ts";
import { RecordsCopy } from "./records-copy.ts";
import { SharedWatch } from "./shared-watch.ts";

type RecordNews = Extract<Parameters<LivePart["news"]>[0], { type: "records" }>;

/** The watches of one space: one at the server for each selector, however many local ones there are. */
export class Watches implements LivePart {
	readonly #link: LiveLink;
	readonly #shared = new Map<string, SharedWatch>();

	constructor(link: LiveLink) {
		this.#link = link;
	}

	/** Watches records. Throws `bad_name`, `bad_request` and `bad_position` for options that say nothing. */
	watch<Data>(
		collection: string,
		first: ChangeCallback<Data> | WatchOptions = {},
		second: WatchOptions = {},
	): RecordWatch<Data> {
		const callback = typeof first === "function" ? (first as ChangeCallback<never> as ChangeCallback) : undefined;
		const options = typeof first === "function" ? second : first;
		checkStart(options.from);
		const shared = this.#sharedOf(readSelector(collection, options));
		const stream = new ChangeStream((sink) => shared.add(sink, options), {
			callback,
			onGap: options.onGap,
			report: (error) => this.#link.link.report(error),
		});
		return stream as RecordWatch<unknown> as RecordWatch<Data>;
	}

	/** Keeps a copy. Throws as `watch` does. */
	copy<Data>(collection: string, options: LiveOptions): LiveRecords<Data> {
		const { signal, ...selected } = options;
		const shared = this.#sharedOf(readSelector(collection, selected));
		const copy = new RecordsCopy((sink) => shared.add(sink, { signal }));
		return copy as LiveRecords<unknown> as LiveRecords<Data>;
	}

	up(): void {
		for (const shared of this.#shared.values()) shared.up();
	}

	down(): void {
		for (const shared of this.#shared.values()) shared.down();
	}

	end(error: AerogramError): void {
		for (const shared of [...this.#shared.values()]) shared.end(error);
	}

	news(news: RecordNews, length: number): void {
		this.#shared.get(keyOf(news.selector))?.news(news, length / Math.max(1, news.entries.length));
	}

	#sharedOf(selector: RecordSelector): SharedWatch {
		const key = keyOf(selector);
		const known = this.#shared.get(key) ?? new SharedWatch(this.#link, selector, () => this.#shared.delete(key));
		this.#shared.set(key, known);
		return known;
	}
}

/** Names and prefixes hold no slash. */
function keyOf({ collection, id, prefix }: RecordSelector): string {
	return id === undefined ? `${collection}/${prefix ?? ""}` : `${collection}//${id}`;
}

function readSelector(collection: string, { id, prefix }: WatchedRecords): RecordSelector {
	if (id !== undefined && prefix !== undefined) {
		throw new AerogramError("bad_request", "Watch one id, or a prefix of ids, or all: not two of them.");
	}
	if (id !== undefined) return { collection, id: checkName(id, "record") };
	if (prefix === undefined || prefix === "") return { collection };
	if (isRecordPrefix(prefix)) return { collection, prefix };
	throw new AerogramError(
		"bad_name",
		"prefix is the beginning of an id: letters, digits, and any of . _ ~ - and the colon.",
	);
}

function checkStart(from: WatchOptions["from"]): void {
	if (from === undefined || from === "snapshot" || from === "live") return;
	if (typeof from === "object" && isSeq(from.rev) && typeof from.epoch === "string") return;
	throw new AerogramError("bad_position", 'from is "snapshot", "live" or a position {epoch, rev}.');
}
