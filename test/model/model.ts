/**
 * What a space is, in so few lines that they are right at a glance. It imports nothing of the product: where the two differ,
 * one of them is wrong.
 */

/** A channel in one life of the space's data. */
export interface ModelChannel {
	/** What was published: the value of seq n stands at n - 1. */
	readonly values: string[];
	/** The oldest seq that must still be there, as far as is known: trimming raises it, and the server says how far. */
	floor: number;
}

/** One life of a space's data: from one wipe to the next. */
export interface Life {
	readonly channels: Map<string, ModelChannel>;
	readonly records: Map<string, { readonly rev: number; readonly n: number }>;
	rev: number;
}

/** What happened to a subscriber, in order. */
export type Happening =
	| { readonly kind: "message"; readonly seq: number; readonly value: string }
	| { readonly kind: "gap"; readonly life: number; readonly seq: number };

/** A place in a channel, in some life of the space. */
export interface Place {
	readonly life: number;
	readonly seq: number;
}

/** A space as it should be. */
export class Model {
	/** How many of its last messages a channel has in any case. */
	readonly keeps: number;
	readonly lives: Life[] = [emptyLife()];
	readonly #members = new Map<string, Map<string, number>>();

	constructor(keeps: number) {
		this.keeps = keeps;
	}

	get life(): Life {
		return this.lives.at(-1) ?? emptyLife();
	}

	get number(): number {
		return this.lives.length - 1;
	}

	channel(name: string, life: number = this.number): ModelChannel {
		const { channels } = this.lives[life] ?? emptyLife();
		const known = channels.get(name) ?? { values: [], floor: 1 };
		channels.set(name, known);
		return known;
	}

	publish(name: string, value: string): number {
		return this.channel(name).values.push(value);
	}

	purge(name: string): void {
		const channel = this.channel(name);
		channel.floor = channel.values.length + 1;
	}

	wipe(): void {
		this.lives.push(emptyLife());
	}

	/** What is wrong with what a subscriber of a channel was given from a place on; nothing where all is well. */
	fault(name: string, start: Place, happenings: readonly Happening[]): string | undefined {
		let at = start;
		for (const [index, happening] of happenings.entries()) {
			const channel = this.channel(name, at.life);
			if (happening.kind === "message") {
				const { seq, value } = happening;
				if (seq !== at.seq + 1) return `#${index}: seq ${seq} follows ${at.seq}`;
				if (channel.values[seq - 1] !== value)
					return `#${index}: seq ${seq} is ${value}, not ${channel.values[seq - 1]}`;
				at = { ...at, seq };
			} else if (happening.life === at.life) {
				const { seq } = happening;
				if (seq < at.seq) return `#${index}: a gap leads from ${at.seq} back to ${seq}`;
				// A purge is told to who has everything, too: that gap is empty.
				const last = this.#mostGone(channel);
				if (seq > at.seq && seq > last) return `#${index}: a gap to ${seq}, but ${last + 1} is there`;
				at = happening;
			} else {
				if (happening.life < at.life) return `#${index}: a gap leads back to an earlier life`;
				at = { life: happening.life, seq: happening.seq };
				const last = this.#mostGone(this.channel(name, at.life));
				if (at.seq > last) return `#${index}: a new life starts at ${at.seq}, but ${last + 1} is there`;
			}
		}
		const { values } = this.channel(name);
		if (at.life !== this.number) return `it ended in life ${at.life} of ${this.number}`;
		return at.seq === values.length ? undefined : `it ended at ${at.seq} of ${values.length}`;
	}

	/** The last seq that may be gone: what retention took since somebody looked is not known here, but so many are still there. */
	#mostGone({ floor, values }: ModelChannel): number {
		return Math.max(floor - 1, values.length - this.keeps);
	}

	/** Writes a record unless its condition fails; returns its revision, or nothing. */
	put(id: string, n: number, ifRev: number | undefined): number | undefined {
		const { records } = this.life;
		if (ifRev !== undefined && records.get(id)?.rev !== ifRev) return undefined;
		this.life.rev += 1;
		records.set(id, { rev: this.life.rev, n });
		return this.life.rev;
	}

	/** A client says that it is on a channel. It stays so over a wipe, because it says so again. */
	enter(channel: string, client: string, data: number): void {
		this.#membersOf(channel).set(client, data);
	}

	leave(channel: string, client: string): void {
		this.#membersOf(channel).delete(client);
	}

	/** Who is on a channel, with what they say. */
	members(channel: string): Readonly<Record<string, number>> {
		return Object.fromEntries(this.#membersOf(channel));
	}

	#membersOf(channel: string): Map<string, number> {
		const members = this.#members.get(channel) ?? new Map<string, number>();
		this.#members.set(channel, members);
		return members;
	}

	/** Deletes a record; says whether it was there. */
	delete(id: string): boolean {
		if (!this.life.records.delete(id)) return false;
		this.life.rev += 1;
		return true;
	}
}

function emptyLife(): Life {
	return { channels: new Map(), records: new Map(), rev: 0 };
}
