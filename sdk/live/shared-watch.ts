import type { RecordNews, RecordSelector, WatchReset, WatchStart } from "../../protocol/watch.ts";
import { backoffDelay } from "../backoff.ts";
import { Timer } from "../clock.ts";
import { AerogramError } from "../errors.ts";
import type { WatchOptions, WatchPosition } from "../record-watch.ts";
import type { Done, LiveLink } from "./live-link.ts";
import { WatchCredit } from "./watch-credit.ts";
import type { WatchSink } from "./watch-item.ts";
import { comparePlaces, earliestPlace } from "./watch-position.ts";
import { Watcher, type WatcherHost } from "./watcher.ts";

/** What is asked of the server, and for whom. */
interface Question {
	/** Absent: a snapshot. */
	readonly start: WatchStart | undefined;
	readonly concerned: readonly Watcher[];
}

/**
 * All local watches of one selector, over the one that the server holds for it. A newcomer's replaces that; whom it leaves
 * behind is served again once its snapshot is whole. So the server's watch only ever starts too early for some, who drop
 * what they have.
 */
export class SharedWatch implements WatcherHost {
	readonly #link: LiveLink;
	readonly #selector: RecordSelector;
	readonly #empty: () => void;
	readonly #watchers = new Set<Watcher>();
	readonly #retry: Timer;
	readonly #credit: WatchCredit;
	/** A `watch` waits for its answer. */
	#asked = false;
	/** The server holds a watch of this. */
	#standing = false;
	/** Watches in a row that brought nothing. */
	#futile = 0;

	/** `empty`: its last local watch has left. */
	constructor(link: LiveLink, selector: RecordSelector, empty: () => void) {
		this.#link = link;
		this.#selector = selector;
		this.#empty = empty;
		const { clock, durations } = link.link.settings;
		this.#retry = new Timer(clock);
		this.#credit = new WatchCredit(clock, durations.credit, ({ rev, id }) =>
			link.send({ type: "watch-credit", selector, rev, ...(id !== undefined && { id }) }),
		);
	}

	/** Adds a local watch. */
	add(sink: WatchSink, options: WatchOptions): Watcher {
		const watcher = new Watcher(this, sink, options);
		this.#watchers.add(watcher);
		this.#link.link.retain();
		const { ended } = this.#link.link;
		if (options.signal?.aborted) watcher.abort();
		else if (ended) watcher.fail(ended);
		// In the next turn: whoever asked has to know it first.
		else queueMicrotask(() => this.#ask());
		return watcher;
	}

	/** A connection stands, and no watch on it. */
	up(): void {
		this.#ask();
	}

	/** The connection is gone, and the watch with it. */
	down(): void {
		this.#asked = false;
		this.#standing = false;
		this.#retry.stop();
		this.#credit.lost();
	}

	/** Nothing will come any more. */
	end(error: AerogramError): void {
		this.down();
		for (const watcher of [...this.#watchers]) {
			if (error.code === "closed") watcher.close();
			else watcher.fail(error);
		}
	}

	/** News came. `weight`: characters for each record. */
	news(news: RecordNews, weight: number): void {
		this.#credit.arrived();
		if (!this.#standing) return;
		for (const watcher of [...this.#watchers]) watcher.accept(news, weight);
		if (![...this.#watchers].some(({ behind }) => behind)) {
			this.#futile = 0;
			return;
		}
		if (this.#futile > 0 && !this.#asked && !this.#retry.running) this.#askLater();
		else this.#ask();
	}

	consumed(weight: number): void {
		if (!this.#standing) return;
		const served = [...this.#watchers].filter(({ wanted, behind }) => !wanted && !behind);
		const least = earliestPlace(served.flatMap(({ resume }) => resume ?? []));
		if (least) this.#credit.consumed(least, weight);
	}

	left(watcher: Watcher): void {
		if (!this.#watchers.delete(watcher)) return;
		if (this.#watchers.size > 0) {
			// What it was sent, none of the others may want.
			this.#standing = false;
			this.#ask();
		} else {
			if (this.#link.link.welcome && (this.#standing || this.#asked)) {
				const watched = { kind: "records", ...this.#selector } as const;
				this.#link.request(
					(ref) => ({ type: "unwatch", ref, watched }),
					// What came until now was given no credit, and waits for nobody.
					() => this.#link.send({ type: "watch-credit", selector: this.#selector, rev: 0 }),
					() => {},
				);
			}
			this.down();
			this.#empty();
		}
		this.#link.link.release();
	}

	/** Asks for what is needed next, if anything is: one thing at a time. */
	#ask(): void {
		const { welcome } = this.#link.link;
		if (this.#asked || this.#retry.running || !welcome || this.#watchers.size === 0) return;
		if (!welcome.features.includes("watch")) {
			const message = "Records cannot be watched here: this server, or this transport, does not carry it.";
			for (const watcher of [...this.#watchers]) watcher.fail(new AerogramError("unsupported", message));
			return;
		}
		const question = this.#next();
		if (!question) return;
		const { start } = question;
		const watched = { kind: "records", ...this.#selector } as const;
		this.#asked = true;
		this.#link.request(
			(ref) => ({ type: "watch", ref, watched, ...(start && { start }) }),
			(answer) => this.#answered(answer, question),
			(error) => this.#refused(error, question),
		);
	}

	#next(): Question | undefined {
		const all = [...this.#watchers];
		// A snapshot that is on its way is not broken off.
		if (this.#standing && all.some((each) => !each.behind && each.isInSnapshot())) return undefined;
		const newcomer = all.find(({ wanted }) => wanted)?.wanted;
		if (newcomer) {
			const concerned = all.filter(({ wanted }) => wanted === newcomer);
			return { start: newcomer === "live" ? { from: "live" } : undefined, concerned };
		}
		if (this.#standing && !all.some(({ behind }) => behind)) return undefined;
		const inSnapshot = all.filter((each) => each.isInSnapshot());
		const some = inSnapshot.length > 0 ? inSnapshot : all;
		const place = earliestPlace(some.flatMap(({ resume }) => resume ?? []));
		if (!place) return undefined;
		const concerned = all.filter(({ resume }) => resume && comparePlaces(resume, place) === 0);
		return { start: { from: "revision", ...place }, concerned };
	}

	#answered({ says = {} }: Done, { start, concerned }: Question): void {
		this.#asked = false;
		this.#standing = true;
		const { recovered, reset } = says;
		const head: WatchPosition = { epoch: String(says.epoch), rev: Number(says.head) };
		if (recovered === true && start?.from === "revision") {
			const { from: _, ...place } = start;
			this.#futile += 1;
			this.#stands(place);
		} else if (recovered === true) {
			this.#stands(head);
		} else {
			const begins = { ...head, id: "" };
			for (const watcher of concerned) {
				if (this.#watchers.has(watcher)) watcher.begin(begins, reset as WatchReset | undefined);
			}
			this.#stands(begins);
		}
		this.#ask();
	}

	#stands(start: WatchPosition): void {
		this.#credit.restart(start);
		for (const watcher of this.#watchers) watcher.stands(start);
	}

	#refused(error: AerogramError, { concerned }: Question): void {
		this.#asked = false;
		if (error.retryable) {
			this.#link.link.report(error);
			this.#askLater();
			return;
		}
		this.#standing = false;
		for (const watcher of concerned) watcher.fail(error);
		this.#ask();
	}

	#askLater(): void {
		const { random, durations } = this.#link.link.settings;
		this.#retry.start(backoffDelay(this.#futile, random, durations), () => this.#ask());
		this.#futile += 1;
	}
}
