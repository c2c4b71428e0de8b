import type { Draft } from "../../protocol/envelopes.ts";
import { Timer } from "../clock.ts";
import type { Welcome } from "../connection.ts";
import { AerogramError } from "../errors.ts";
import type { Published, Publishing } from "../publishing.ts";
import type { Link } from "../session.ts";
import type { LivePart } from "./part.ts";

interface Item {
	readonly channel: string;
	readonly draft: Draft;
	readonly bytes: number;
	readonly echo: boolean;
	readonly resolve: () => void;
	readonly reject: (reason: unknown) => void;
	/** When it is too old to be sent. */
	readonly deadline: number;
}

/** The ephemeral publishes of one space. Each is sent once, or not at all when no connection comes while it is fresh. */
export class EphemeralSender implements LivePart {
	readonly #link: Link;
	readonly #timer: Timer;
	/** The oldest first, and so that of the earliest deadline. */
	readonly #waiting: Item[] = [];
	readonly #sent = new Set<Item>();
	#bytes = 0;
	#open = 0;
	#epoch = "";

	constructor(link: Link) {
		this.#link = link;
		this.#timer = new Timer(link.settings.clock);
	}

	/** Sends one, or keeps it for the connection that comes. Rejects with `signal`'s reason, or with an `AerogramError`. */
	async publish({ channel, draft, bytes, echo, signal }: Publishing): Promise<Published> {
		const { clock, durations, queueMessages, queueBytes } = this.#link.settings;
		if (this.#link.ended) throw this.#link.ended;
		signal?.throwIfAborted();
		if (this.#waiting.length >= queueMessages || this.#bytes + bytes > queueBytes) {
			throw new AerogramError("queue_full", "Too many ephemeral publishes wait for a connection.");
		}
		this.#open += 1;
		if (this.#open === 1) this.#link.retain();
		let stopListening = () => {};
		try {
			await new Promise<void>((resolve, reject) => {
				const deadline = clock.now() + durations.answer;
				const item: Item = { channel, draft, bytes, echo, resolve, reject, deadline };
				const abort = () => {
					this.#drop(item);
					reject(signal?.reason);
				};
				signal?.addEventListener("abort", abort);
				stopListening = () => signal?.removeEventListener("abort", abort);
				this.#waiting.push(item);
				this.#bytes += bytes;
				this.#pump();
			});
		} finally {
			stopListening();
			this.#open -= 1;
			if (this.#open === 0) this.#link.release();
		}
		return { epoch: this.#epoch, seq: null, duplicate: false };
	}

	/** A connection stands. */
	up(): void {
		this.#epoch = this.#link.welcome?.epoch ?? "";
		this.#pump();
	}

	/** The connection is gone: what was sent may have arrived, and is not sent again. */
	down(): void {
		for (const item of this.#sent) item.resolve();
		this.#sent.clear();
	}

	/** Nothing will be sent any more. */
	end(error: AerogramError): void {
		this.down();
		for (const item of [...this.#waiting]) this.#reject(item, error);
	}

	/** No news are for it: ephemeral messages come with those of their channel. */
	news(): void {}

	#pump(): void {
		const { settings, welcome } = this.#link;
		const window = welcome ? Math.min(settings.inFlight, welcome.limits.inFlight) : 0;
		for (let item = this.#waiting[0]; welcome && item && this.#sent.size < window; item = this.#waiting[0]) {
			this.#send(item, welcome);
		}
		this.#watch();
	}

	#send(item: Item, { limits, features }: Welcome): void {
		if (!features.includes("ephemeral")) {
			this.#reject(item, new AerogramError("unsupported", "This server takes no ephemeral messages."));
		} else if (item.bytes > limits.messageBytes) {
			this.#reject(item, new AerogramError("too_big", `A message holds at most ${limits.messageBytes} bytes.`));
		} else {
			this.#drop(item);
			this.#sent.add(item);
			const { channel, draft, echo } = item;
			this.#link.request(
				this.#link.settings.durations.answer,
				(ref) => ({ type: "publish", ref, channel, draft, ...(!echo && { echo }) }),
				(answer) => {
					this.#sent.delete(item);
					if (answer.type === "error") item.reject(new AerogramError(answer.code, answer.message, answer));
					else item.resolve();
					this.#pump();
				},
			);
		}
	}

	/** Gives up what waited too long: nobody wants to know where a cursor was a minute ago. */
	#watch(): void {
		const { clock } = this.#link.settings;
		for (let item = this.#waiting[0]; item && item.deadline <= clock.now(); item = this.#waiting[0]) {
			this.#reject(item, new AerogramError("timeout", "It could not be sent while it was fresh."));
		}
		const first = this.#waiting[0];
		if (first && !this.#timer.running) this.#timer.start(first.deadline - clock.now(), () => this.#watch());
	}

	#reject(item: Item, error: AerogramError): void {
		this.#drop(item);
		item.reject(error);
	}

	/** It waits no longer. */
	#drop(item: Item): void {
		const index = this.#waiting.indexOf(item);
		if (index < 0) return;
		this.#waiting.splice(index, 1);
		this.#bytes -= item.bytes;
		if (this.#waiting.length === 0) this.#timer.stop();
	}
}
