import type { LiveNews } from "../../../protocol/envelopes.ts";
import type { Member } from "../../../protocol/presence.ts";
import type { AerogramError } from "../../errors.ts";
import { objectOf } from "../../http/response.ts";
import { send } from "../../http/send.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { LiveLink } from "../live-link.ts";
import type { LivePart } from "../part.ts";
import type { PresenceOptions } from "./changes.ts";
import { Memberships } from "./memberships.ts";
import type { View } from "./view.ts";
import { Watches } from "./watches.ts";

interface MemberPage<Data> {
	readonly members: readonly Member<Data>[];
	readonly next: string | null;
}

/** Presence on all channels of one space. */
export class Presences implements LivePart {
	readonly #memberships: Memberships;
	readonly #watches: Watches;
	readonly #link: LiveLink;

	constructor(link: LiveLink) {
		this.#link = link;
		this.#memberships = new Memberships(link);
		this.#watches = new Watches(link);
	}

	/** Becomes a member, or changes the data of one. Resolves when the server has taken it. */
	enter(channel: string, snapshot: Snapshot, options?: PresenceOptions): Promise<void> {
		return this.#memberships.enter(channel, snapshot, options);
	}

	/** Changes the data of a member. Rejects with `not_found` where this client has not entered. */
	update(channel: string, snapshot: Snapshot, options?: PresenceOptions): Promise<void> {
		return this.#memberships.update(channel, snapshot, options);
	}

	/** Ends a membership. */
	leave(channel: string, options?: PresenceOptions): Promise<void> {
		return this.#memberships.leave(channel, options);
	}

	/** Watches the members of a channel (the view is of `MembersChange`s) or its occupancy (of `Occupancy`s). */
	view(
		kind: "members" | "occupancy",
		channel: string,
		options?: PresenceOptions,
		callback?: (item: never) => unknown,
	): View {
		return this.#watches.view(kind, channel, options, callback);
	}

	/** Reads all members of a channel over HTTP, page after page. */
	async get<Data>(space: string, channel: string, { signal }: PresenceOptions = {}): Promise<readonly Member<Data>[]> {
		const { settings } = this.#link.link;
		const members: Member<Data>[] = [];
		for (let cursor: string | null | undefined; cursor !== null; ) {
			const query = { limit: 1_000, cursor };
			const url = settings.httpUrl(space, `channels/${channel}/presence`);
			const page: MemberPage<Data> = objectOf(await send(settings, "GET", url, { query, signal }));
			members.push(...page.members);
			cursor = page.next;
		}
		return members;
	}

	up(): void {
		this.#memberships.up();
		this.#watches.up();
	}

	down(): void {
		this.#memberships.down();
		this.#watches.down();
	}

	end(error: AerogramError): void {
		this.#memberships.end(error);
		this.#watches.end(error);
	}

	news(news: LiveNews): void {
		if (news.type === "members" || news.type === "occupancy") this.#watches.news(news);
	}
}
