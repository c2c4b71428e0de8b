import type { Fields } from "../../protocol/codec/fields.ts";
import { readLiveNews } from "../../protocol/codec/live.ts";
import type { LiveNews } from "../../protocol/envelopes.ts";
import { AerogramError } from "../errors.ts";
import type { Link } from "../session.ts";
import { Calls } from "./calls/calls.ts";
import { EphemeralSender } from "./ephemeral-sender.ts";
import { LiveLink } from "./live-link.ts";
import type { LivePart } from "./part.ts";
import { Presences } from "./presence/presences.ts";
import { TokenRenewal } from "./token-renewal.ts";
import { Watches } from "./watches.ts";

/** Presence, watches, calls and the ephemeral publishes of one space. Loaded when one of them is first used. */
export class Live {
	/** Who is on which channel. */
	readonly presence: Presences;
	/** What is called, and what is served. */
	readonly calls: Calls;
	/** Watches of records. */
	readonly watches: Watches;
	/** What is published and not stored. */
	readonly ephemeral: EphemeralSender;
	readonly #parts: readonly LivePart[];
	readonly #link: Link;

	constructor(link: Link) {
		const live = new LiveLink(link);
		this.presence = new Presences(live);
		this.calls = new Calls(live);
		this.watches = new Watches(live);
		this.ephemeral = new EphemeralSender(link);
		this.#parts = [this.presence, this.calls, this.watches, this.ephemeral, new TokenRenewal(link)];
		this.#link = link;
		if (link.welcome) this.up();
	}

	/** A connection stands. */
	up(): void {
		for (const part of this.#parts) part.up();
	}

	/** The connection is gone. */
	down(): void {
		for (const part of this.#parts) part.down();
	}

	/** Nothing will come any more. */
	end(error: AerogramError): void {
		for (const part of this.#parts) part.end(error);
	}

	/** News came, as they stand in the frame, which has `length` characters. What this version does not know is left out: a newer server may send it. */
	news(fields: Fields, length: number): void {
		// It may no longer have what it had, and no promise waits for that.
		if (fields.t === "reset") return this.#link.report(new AerogramError("forbidden", endOf(fields)));
		const news = readLiveNews(fields);
		if (news) this.#partOf(news)?.news(news, length);
	}

	#partOf({ type }: LiveNews): LivePart | undefined {
		switch (type) {
			case "members":
			case "occupancy":
				return this.presence;
			case "records":
				return this.watches;
			case "call":
			case "call-cancelled":
			case "progress-told":
			case "result":
				return this.calls;
			default:
				return undefined;
		}
	}
}

/** What has ended, as a sentence. */
function endOf({ ch, of, col, svc }: Fields): string {
	const what = svc ? `Serving ${svc}` : col ? `Watching records of ${col}` : `${ch}: ${of}`;
	return `${what} has ended: the right to it is gone.`;
}
