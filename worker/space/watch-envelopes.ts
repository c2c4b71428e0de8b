import { encodeServer } from "../../protocol/codec/serving.ts";
import type { ClientEnvelope } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import type { RecordSelector, WatchReset, WatchStart } from "../../protocol/watch.ts";
import type { Admission } from "./admission.ts";
import type { Commit } from "./commit.ts";
import type { Collections } from "./parts/collections/collections.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { WatchPlace } from "./parts/watchers/watch.ts";
import type { Watchers } from "./parts/watchers/watchers.ts";
import type { CollectionRef } from "./ports.ts";

/** Where a watch goes on, and why not where it was asked to. */
interface Beginning {
	readonly place: WatchPlace;
	/** Whether it goes on exactly where it was asked to. */
	readonly recovered: boolean;
	readonly reset?: WatchReset;
}

/** What envelopes about watching records need of the space. */
export interface WatchEnvelopesHost {
	readonly commit: Commit;
	readonly collections: Collections;
	readonly watchers: Watchers;
	readonly admission: Admission;
	/** The id of this life of the space's data. */
	epoch(): string;
}

/** What a client's envelopes about watching records lead to. */
export class WatchEnvelopes {
	readonly #commit: Commit;
	readonly #collections: Collections;
	readonly #watchers: Watchers;
	readonly #admission: Admission;
	readonly #epoch: () => string;

	constructor(host: WatchEnvelopesHost) {
		this.#commit = host.commit;
		this.#collections = host.collections;
		this.#watchers = host.watchers;
		this.#admission = host.admission;
		this.#epoch = host.epoch;
	}

	/** Takes one; false where it is about something else than records. */
	take(session: Session, envelope: ClientEnvelope): boolean {
		if (envelope.type === "watch-credit") {
			const { selector, rev, id } = envelope;
			this.#watchers.credit(session, selector, { rev, ...(id !== undefined && { id }) });
			return true;
		}
		if (envelope.type !== "watch" && envelope.type !== "unwatch") return false;
		if (envelope.watched.kind !== "records") return false;
		const { kind: _, ...selector } = envelope.watched;
		if (envelope.type === "watch") this.#watch(session, envelope.ref, selector, envelope.start);
		else this.#unwatch(session, envelope.ref, selector);
		return true;
	}

	/** Takes up what a session watched before the object slept. */
	restore(session: Session): void {
		for (const { collection: number, ...span } of session.kept.watches) {
			const collection = this.#collections.byNumber(number);
			if (collection) this.#watchers.resume(session, collection, { collection: collection.name, ...span });
		}
	}

	#watch(session: Session, ref: number, selector: RecordSelector, start: WatchStart | undefined): void {
		this.#commit.flush();
		// Where it was stuck, what was stored just now closed it.
		if (session.over) return;
		const most = limits.watchesPerSocket;
		const { members, occupancy } = session.kept;
		const count = this.#watchers.watchesOf(session).length + members.length + occupancy.length;
		if (count >= most && !this.#watchers.has(session, selector)) {
			return session.refuse(ref, { code: "too_big", message: `A socket may have at most ${most} watches.` });
		}
		if (this.#admission.refuses(session, ref, this.#collections.collection(selector.collection))) return;
		const collection = this.#collections.ensure(selector.collection);
		const { place, recovered, reset } = this.#begin(collection, start);
		const says = { epoch: this.#epoch(), head: collection.head, recovered, ...(reset && { reset }) };
		session.write(encodeServer({ type: "done", ref, says }));
		this.#watchers.watch(session, collection, selector, place);
		session.remember({ watches: this.#watchers.watchesOf(session) });
	}

	#unwatch(session: Session, ref: number, selector: RecordSelector): void {
		if (this.#watchers.unwatch(session, selector)) {
			session.remember({ watches: this.#watchers.watchesOf(session) });
		}
		session.write(encodeServer({ type: "done", ref }));
	}

	#begin(
		{ head, floor }: CollectionRef & { readonly head: number; readonly floor: number },
		start: WatchStart | undefined,
	): Beginning {
		const snapshot = { place: { rev: head, id: "" }, recovered: false };
		if (start?.from === "live") return { place: { rev: head }, recovered: true };
		if (start?.from !== "revision") return snapshot;
		const { epoch, rev, id } = start;
		if (epoch !== this.#epoch()) return { ...snapshot, reset: "epoch" };
		if (rev > head) return { ...snapshot, reset: "ahead" };
		// What was deleted since can no longer be told whole.
		if (rev < floor) return { ...snapshot, reset: "retention" };
		return { place: { rev, ...(id !== undefined && { id }) }, recovered: true };
	}
}
