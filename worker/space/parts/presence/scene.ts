import {
	encodeMember,
	encodeMemberEvent,
	encodeMemberEvents,
	encodeMemberSnapshot,
} from "../../../../protocol/codec/serving-presence.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { ChannelRef, Receiver } from "../../ports.ts";
import type { Digest } from "./digest.ts";
import type { MemberChange } from "./members.ts";
import type { MemberRow } from "./rows.ts";

/** What a scene reads of the members. */
export interface SceneMembers {
	digest(): Digest;
	/** All members, in order. */
	all(): Iterable<MemberRow>;
}

/**
 * One channel as those see it who watch its members. They are told changes in batches, all of them the same; a newcomer is
 * told everyone at the end of a batch, so that the next one goes on from there.
 */
export class Scene {
	readonly channel: ChannelRef;
	readonly #members: SceneMembers;
	/** Whom the digest `#told` is known to. */
	readonly #watchers = new Set<Receiver>();
	/** Who is to be told everyone; nothing, if these are the members of its digest still. */
	readonly #newcomers = new Map<Receiver, string | undefined>();
	/** Who has missed something, because it does not read, and since when. It is told everyone once it does. */
	readonly #behind = new Map<Receiver, number>();
	/** What changed since the last batch: of each member, how it was then and how it is now. */
	readonly #changes = new Map<string, MemberChange>();
	#told: Digest;

	constructor(channel: ChannelRef, members: SceneMembers) {
		this.channel = channel;
		this.#members = members;
		this.#told = members.digest();
	}

	/** Whether nobody watches. */
	get empty(): boolean {
		return this.#watchers.size + this.#newcomers.size + this.#behind.size === 0;
	}

	/** Whether someone watches. */
	has(watcher: Receiver): boolean {
		return this.#watchers.has(watcher) || this.#newcomers.has(watcher) || this.#behind.has(watcher);
	}

	/** Whether somebody waits until it reads again. */
	get waiting(): boolean {
		return this.#behind.size > 0;
	}

	/** Someone wants to be told everyone, or nothing, if these are the members of the digest `at`. */
	join(watcher: Receiver, at: string | undefined): void {
		// Whoever does not read, and asks again and again, is not told everyone as often.
		if (this.#behind.has(watcher)) return;
		this.#watchers.delete(watcher);
		this.#newcomers.set(watcher, at);
	}

	/** Someone who watched before the object slept goes on. What it was told last nobody knows. */
	resume(watcher: Receiver): void {
		this.#watchers.add(watcher);
		const digest = this.#told.toString();
		// Who was told another one has missed something, and asks again.
		watcher.write(encodeMemberEvents(this.channel.name, digest, "", digest));
	}

	/** Someone watches no longer. Returns whether it did. */
	leave(watcher: Receiver): boolean {
		const watched = this.has(watcher);
		this.#watchers.delete(watcher);
		this.#newcomers.delete(watcher);
		this.#behind.delete(watcher);
		return watched;
	}

	/** Takes a change, to be told with the next batch. */
	change(change: MemberChange): void {
		const { key, now } = change;
		const earlier = this.#changes.get(key);
		if (earlier && !earlier.before && !now) this.#changes.delete(key);
		else this.#changes.set(key, earlier ? { ...earlier, now } : change);
	}

	/** Ends a batch: everybody is told what there is. Returns those that have not read for longer than `slow` milliseconds. */
	tell(now: number, slow: number): readonly Receiver[] {
		const batch = this.#takeBatch();
		for (const watcher of this.#watchers) {
			if (!isBehind(watcher)) {
				for (const envelope of batch) watcher.write(envelope);
			} else if (batch.length > 0) {
				this.#watchers.delete(watcher);
				this.#behind.set(watcher, now);
			}
		}
		const digest = this.#told.toString();
		let everyone: readonly string[] | undefined;
		const stuck: Receiver[] = [];
		for (const [watcher, since] of this.#behind) {
			if (!isBehind(watcher)) {
				this.#behind.delete(watcher);
				this.#newcomers.set(watcher, undefined);
			} else if (now - since > slow) {
				stuck.push(watcher);
			}
		}
		for (const [watcher, at] of this.#newcomers) {
			if (at !== digest && isBehind(watcher)) {
				this.#behind.set(watcher, now);
				continue;
			}
			if (at !== digest) {
				everyone ??= this.#snapshot(digest);
				for (const envelope of everyone) watcher.write(envelope);
			}
			this.#watchers.add(watcher);
		}
		this.#newcomers.clear();
		return stuck;
	}

	/** What changed, as envelopes of a page each. */
	#takeBatch(): readonly string[] {
		const { name } = this.channel;
		let after = this.#told.toString();
		const pages = paged(this.#changes.values(), textOfChange, (body, changes) => {
			for (const { key, before, now } of changes) {
				if (before) this.#told.remove(key, before.ts);
				if (now) this.#told.add(key, now.ts);
			}
			const to = this.#told.toString();
			const page = encodeMemberEvents(name, after, body, to);
			after = to;
			return page;
		});
		this.#changes.clear();
		return pages;
	}

	#snapshot(digest: string): readonly string[] {
		const { name } = this.channel;
		const bodies = paged(this.#members.all(), textOfMember, (body) => body);
		const last = bodies.pop() ?? "";
		return [
			...bodies.map((body) => encodeMemberSnapshot(name, body, digest, true)),
			encodeMemberSnapshot(name, last, digest, false),
		];
	}
}

/** Whether so much waits for a receiver that it is sent no more. */
function isBehind({ unsent = 0 }: Receiver): boolean {
	return unsent > limits.windowBytes;
}

/** A member as its text. */
export function textOfMember({ principal, client, ts, data }: MemberRow): string {
	return encodeMember({ from: principal, client, ts }, data);
}

function textOfChange({ before, now }: MemberChange): string {
	const event = now ? (before ? "update" : "enter") : "leave";
	const member = now ?? before;
	if (!member) return "";
	const { principal, client, ts, data } = member;
	return encodeMemberEvent(event, { from: principal, client, ts }, data);
}

/** Texts of some items, joined by commas, in pages of about `limits.pageBytes`, each made into what `page` returns. */
function paged<Item, Page>(
	items: Iterable<Item>,
	textOf: (item: Item) => string,
	page: (body: string, items: readonly Item[]) => Page,
): Page[] {
	const pages: Page[] = [];
	let texts: string[] = [];
	let some: Item[] = [];
	let size = 0;
	const end = () => {
		pages.push(page(texts.join(","), some));
		[texts, some, size] = [[], [], 0];
	};
	for (const item of items) {
		const text = textOf(item);
		if (size > 0 && size + text.length > limits.pageBytes) end();
		texts.push(text);
		some.push(item);
		size += text.length;
	}
	if (some.length > 0) end();
	return pages;
}
