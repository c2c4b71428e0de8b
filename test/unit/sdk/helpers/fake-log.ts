import type { ClientEnvelope, Message, ServerEnvelope, Start } from "../../../../protocol/envelopes.ts";

type Publish = Extract<ClientEnvelope, { type: "publish" }>;

/** One channel as the server keeps it: in memory, by the rules of the contract. */
export class FakeLog {
	readonly name: string;
	messages: Message[] = [];
	head = 0;
	floor = 1;
	readonly #producers = new Map<string, number>();

	constructor(name: string) {
		this.name = name;
	}

	/** Stores a message without a producer. */
	append(data: Message["data"], ts = 0): Message {
		this.head += 1;
		const message = { seq: this.head, ts, id: `server/${this.head}`, from: "anonymous", data };
		this.messages.push(message);
		return message;
	}

	/** Takes a publish: dedup first, then order, then it is stored. */
	publish(client: string, { ref, draft, n = 0, previous = -1, ifSeq }: Publish): ServerEnvelope {
		const last = this.#producers.get(client);
		if (last === undefined && previous >= 0) return { type: "error", ref, code: "producer_unknown", message: "" };
		if (last !== undefined && n <= last) {
			const seq = this.messages.find(({ id }) => id === `${client}/${n}`)?.seq ?? null;
			return { type: "published", ref, seq, duplicate: true };
		}
		if (previous > (last ?? -1)) return { type: "error", ref, code: "out_of_order", message: "", last: last ?? -1 };
		if (ifSeq !== undefined && ifSeq !== this.head) {
			return { type: "error", ref, code: "condition_failed", message: "", head: this.head };
		}
		this.#producers.set(client, n);
		this.head += 1;
		const id = `${client}/${n}`;
		const by = draft.id === undefined ? {} : { by: id };
		this.messages.push({ seq: this.head, ts: 0, id, ...by, from: "anonymous", ...draft });
		return { type: "published", ref, seq: this.head, duplicate: false };
	}

	/** Drops everything below `floor`. */
	trim(floor: number): void {
		this.floor = floor;
		this.messages = this.messages.filter(({ seq }) => seq >= floor);
	}

	/** Forgets who published. */
	forgetProducers(): void {
		this.#producers.clear();
	}

	/** Where a subscription starts, or why it cannot. */
	start(start: Start, epoch: string): number | "epoch" | "retention" | "ahead" {
		switch (start.from) {
			case "start":
				return this.floor - 1;
			case "live":
				return this.head;
			case "last":
				return Math.max(this.floor - 1, this.head - start.count);
			case "since":
				return (this.messages.find(({ ts }) => ts >= start.ts)?.seq ?? this.head + 1) - 1;
			case "position": {
				if (start.epoch !== epoch) return "epoch";
				if (start.seq > this.head) return "ahead";
				if (start.seq < this.floor - 1) return "retention";
				const known = this.messages.find(({ seq }) => seq === start.seq);
				return start.id !== undefined && known && known.id !== start.id ? "epoch" : start.seq;
			}
		}
	}
}
