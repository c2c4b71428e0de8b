import type { ClientEnvelope } from "../../protocol/envelopes.ts";
import type { Mark, MessageFrame } from "../recovery.ts";
import type { Answer } from "../requests.ts";

/** What a client asks about its subscriptions, each answered by its `ref`. */
export type Question = Extract<ClientEnvelope, { type: "subscribe" | "unsubscribe" }>;

/** A subscription as a socket would hold it at the server. */
interface Standing {
	/** Everything up to here has been received. */
	mark: Mark;
	/** What was received and not given credit for: the last seq of each frame, and its UTF-16 units. */
	owed: { readonly to: number; readonly units: number }[];
}

/**
 * The subscriptions of a client that polls, with their places. Between two polls the server knows of none of them: what a
 * socket has at the server, its subscriptions and its window, is kept here.
 */
export class PolledChannels {
	readonly #standing = new Map<string, Standing>();

	/** How many stand. */
	get size(): number {
		return this.#standing.size;
	}

	/** UTF-16 units that were received and not given credit for, over all channels. */
	get owed(): number {
		let units = 0;
		for (const { owed } of this.#standing.values()) for (const frame of owed) units += frame.units;
		return units;
	}

	/** Whether a channel is subscribed to. */
	has(channel: string): boolean {
		return this.#standing.has(channel);
	}

	/** Every subscription again, from its place. The refs count from 0. */
	renewals(): readonly Question[] {
		return [...this.#standing].map(([channel, { mark }], ref) => {
			return { type: "subscribe", ref, channel, start: { from: "position", ...mark } };
		});
	}

	/**
	 * Notes the answer to a question, and returns it; or a refusal in its place, where at most `most` may stand: a server that
	 * knows of none of the others cannot count them.
	 */
	answered({ channel }: Question, answer: Answer, most: number): Answer {
		if (answer.type === "subscribed") {
			if (!this.has(channel) && this.size >= most) {
				const message = `A connection may be subscribed to at most ${most} channels.`;
				return { type: "error", ref: answer.ref, code: "too_big", message };
			}
			this.#standing.set(channel, { mark: { epoch: answer.epoch, seq: answer.after }, owed: [] });
		} else if (answer.type === "reset" || answer.type === "done") {
			this.#standing.delete(channel);
		}
		return answer;
	}

	/** Messages came. `units`: the length of their envelope. */
	received({ channel, to, entries }: MessageFrame, units: number): void {
		const standing = this.#standing.get(channel);
		if (!standing || to <= standing.mark.seq) return;
		const last = entries.at(-1);
		const { epoch } = standing.mark;
		standing.mark = { epoch, seq: to, ...(last?.seq === to && last.id !== undefined && { id: last.id }) };
		standing.owed.push({ to, units });
	}

	/** The server ended a subscription. */
	ended(channel: string): void {
		this.#standing.delete(channel);
	}

	/** Everything of a channel up to `seq` has been consumed. */
	credit(channel: string, seq: number): void {
		const standing = this.#standing.get(channel);
		if (standing) standing.owed = standing.owed.filter(({ to }) => to > seq);
	}
}
