import type { Json } from "../../../protocol/envelopes.ts";
import type { Member, MemberEvent, PresenceNews } from "../../../protocol/presence.ts";
import type { MembersChange } from "./changes.ts";

type MemberNews = Extract<PresenceNews, { type: "members" }>;

/** Members by what names them. It is never changed: what changes is another one. */
export type MemberMap = ReadonlyMap<string, Member>;

/** All members of a channel, as the server tells them. */
export class KnownMembers {
	/** Undefined until all are known. */
	members: MemberMap | undefined;
	/** The digest of them that was told last. */
	digest: string | undefined;
	/** Of a snapshot that has more parts to come. */
	#parts: Map<string, Member> | undefined;

	/** Takes news. False where something before it was missed: then it is to be asked for again. */
	take(news: MemberNews): boolean {
		if (news.snapshot) {
			this.#parts ??= new Map();
			for (const member of news.entries) this.#parts.set(nameOf(member), member);
			if (news.more) return true;
			this.members = this.#parts;
		} else {
			if (!this.members || news.after !== this.digest) return false;
			if (news.entries.length > 0) {
				const members = new Map(this.members);
				for (const { event, ...member } of news.entries) {
					if (event === "leave") members.delete(nameOf(member));
					else members.set(nameOf(member), member);
				}
				this.members = members;
			}
		}
		this.#parts = undefined;
		this.digest = news.to;
		return true;
	}

	/** The connection is lost: the rest of a snapshot does not come. */
	interrupt(): void {
		this.#parts = undefined;
	}
}

/** How members became others; undefined where they are the same. `before` is undefined for who knew of nobody yet. */
export function compare(before: MemberMap | undefined, now: MemberMap): MembersChange<Json> | undefined {
	const changes: MemberEvent[] = [];
	for (const [name, member] of now) {
		const known = before?.get(name);
		if (!known) changes.push({ event: "enter", ...member });
		else if (known.ts !== member.ts) changes.push({ event: "update", ...member });
	}
	for (const [name, member] of before ?? []) if (!now.has(name)) changes.push({ event: "leave", ...member });
	if (before && changes.length === 0) return undefined;
	const members = [...now.values()].sort((a, b) => order(a.from, b.from) || order(a.client, b.client));
	return { members, changes };
}

function order(a: string, b: string): number {
	if (a === b) return 0;
	return a < b ? -1 : 1;
}

function nameOf({ from, client }: Member): string {
	return `${from}\n${client}`;
}
