import { writeJson } from "../../protocol/codec/json.ts";
import type { Draft } from "../../protocol/envelopes.ts";
import type { Append, ChannelKind, StoredDraft } from "./ports.ts";

/** What a request publishes to a channel of some kind, apart: what is stored, and what only leaves. */
export function divideDrafts(drafts: readonly Draft[], kind: ChannelKind): Pick<Append, "drafts" | "ephemeral"> {
	const stored: StoredDraft[] = [];
	const ephemeral: StoredDraft[] = [];
	for (const [index, draft] of drafts.entries()) {
		const own = draft.ephemeral === true || kind === "ephemeral" ? ephemeral : stored;
		own.push(storedDraft(draft, drafts.length > 1 ? index : undefined));
	}
	return { drafts: stored, ...(ephemeral.length > 0 && { ephemeral }) };
}

/** Ephemeral messages of one channel that leave together. */
export interface Passing {
	readonly channel: string;
	/** The client that does not get them. */
	readonly except: string | undefined;
	/** Each as its JSON text. */
	readonly texts: string[];
}

/** Gathers the ephemeral messages of a flush in their order, in as few envelopes as that allows. */
export class EphemeralRun {
	readonly #ts: number;
	readonly #last = new Map<string, Passing>();
	readonly all: Passing[] = [];

	/** `ts`: when the server took them, in milliseconds since 1970. */
	constructor(ts: number) {
		this.#ts = ts;
	}

	/** Adds those of one request: `changed`, where the application changed them on the way. */
	add(append: Append, except: string | undefined, changed?: readonly StoredDraft[]): void {
		const { principal, channel, ephemeral = [] } = append;
		if (ephemeral.length === 0) return;
		let passing = this.#last.get(channel);
		if (passing?.except !== except || !passing) {
			passing = { channel, except, texts: [] };
			this.#last.set(channel, passing);
			this.all.push(passing);
		}
		for (const draft of changed ?? ephemeral) passing.texts.push(this.#write(draft, principal));
	}

	#write({ id, name, key, data }: StoredDraft, from: string): string {
		const head = JSON.stringify({ ts: this.#ts, id, from, name, key });
		return `${head.slice(0, -1)},"data":${data}}`;
	}
}

/** Data as compact JSON, which holds no raw newline. */
function storedDraft({ ephemeral: _, ...draft }: Draft, index: number | undefined): StoredDraft {
	return { ...draft, data: writeJson(draft.data), ...(index !== undefined && { index }) };
}
