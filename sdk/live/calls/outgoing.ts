import type { CallNews } from "../../../protocol/calls.ts";
import type { Json } from "../../../protocol/envelopes.ts";
import type { CallOptions } from "../../call-options.ts";
import { checkName } from "../../check-name.ts";
import { Timer } from "../../clock.ts";
import { AerogramError } from "../../errors.ts";
import { randomId } from "../../random-id.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { LiveLink } from "../live-link.ts";

interface Item {
	readonly id: string;
	readonly service: string;
	readonly input: Snapshot;
	/** When it has failed, by this client's clock. */
	readonly deadline: number;
	readonly timer: Timer;
	readonly onProgress: ((progress: Json) => void) | undefined;
	readonly resolve: (reply: unknown) => void;
	readonly reject: (reason: unknown) => void;
	readonly stopListening: () => void;
	/** The life of the space in which it was sent first. */
	epoch: string | undefined;
	/** Nobody waits for it any more, and the server is to be told. */
	abandoned: boolean;
}

/** The calls that this client has made and that have no result yet. After each reconnect it asks for all of them again. */
export class Outgoing {
	readonly #link: LiveLink;
	readonly #items = new Map<string, Item>();

	constructor(link: LiveLink) {
		this.#link = link;
	}

	/** Calls a service. Rejects with an `AerogramError`, or with the reason of the signal. */
	call(service: string, input: Snapshot, options: CallOptions): Promise<unknown> {
		const { link } = this.#link;
		const { clock, durations } = link.settings;
		const { timeout = durations.call, signal, onProgress, id = randomId() } = options;
		return new Promise((resolve, reject) => {
			if (link.ended) throw link.ended;
			signal?.throwIfAborted();
			if (this.#items.has(checkName(id, "call"))) {
				throw new AerogramError("bad_request", "A call with this id is under way.");
			}
			const abort = () => this.#abandon(item, signal?.reason);
			const item: Item = {
				id,
				service,
				input,
				deadline: clock.now() + timeout,
				timer: new Timer(clock),
				onProgress,
				resolve,
				reject,
				stopListening: () => signal?.removeEventListener("abort", abort),
				epoch: undefined,
				abandoned: false,
			};
			signal?.addEventListener("abort", abort);
			this.#items.set(id, item);
			item.timer.start(timeout, () => this.#late(item));
			link.retain();
			this.#send(item);
		});
	}

	/** A connection stands. */
	up(): void {
		for (const item of [...this.#items.values()]) this.#send(item);
	}

	/** Nothing will come any more. */
	end(error: AerogramError): void {
		for (const item of [...this.#items.values()]) this.#fail(item, error);
	}

	/** The handler of a call says how far it is. */
	progress(id: string, progress: Json): void {
		const item = this.#items.get(id);
		if (!item || item.abandoned) return;
		try {
			item.onProgress?.(progress);
		} catch (cause) {
			this.#link.link.report(new AerogramError("callback_failed", "The onProgress of a call threw.", { cause }));
		}
	}

	/** A call has its result. */
	result(news: Extract<CallNews, { type: "result" }>): void {
		const item = this.#items.get(news.id);
		if (!item) return;
		if ("error" in news) {
			const { code, message, data } = news.error;
			this.#fail(item, new AerogramError(code, message, { data }));
		} else {
			this.#settle(item);
			item.resolve(news.data);
		}
	}

	/** Sends a call, for the first time or again: the same id is the same call. */
	#send(item: Item): void {
		const { welcome, settings } = this.#link.link;
		if (!welcome) return;
		const { id, service, input } = item;
		if (item.epoch !== undefined && item.epoch !== welcome.epoch) {
			return this.#fail(item, new AerogramError("unknown_outcome", "The space was wiped before the reply came."));
		}
		if (item.abandoned) {
			const settled = () => this.#settle(item);
			return this.#link.request((ref) => ({ type: "cancel", ref, id }), settled, settled);
		}
		if (!welcome.features.includes("calls")) {
			return this.#fail(item, new AerogramError("unsupported", "This server knows no calls."));
		}
		if (input.bytes > welcome.limits.messageBytes) {
			return this.#fail(
				item,
				new AerogramError("too_big", `A call holds at most ${welcome.limits.messageBytes} bytes.`),
			);
		}
		item.epoch = welcome.epoch;
		const timeout = Math.max(1, Math.ceil(item.deadline - settings.clock.now()));
		this.#link.request(
			(ref) => ({ type: "call", ref, service, id, data: input.data, timeout }),
			() => {},
			(error) => this.#fail(item, error),
		);
	}

	/** The server says so itself, where it can be heard. */
	#late(item: Item): void {
		const { link } = this.#link;
		const error = new AerogramError("deadline_passed", "No reply came before the deadline.");
		if (link.welcome && !item.abandoned)
			item.timer.start(link.settings.durations.answer, () => this.#fail(item, error));
		else this.#fail(item, error);
	}

	/** The application waits no longer. What may have reached the server is cancelled there. */
	#abandon(item: Item, reason: unknown): void {
		item.reject(reason);
		item.stopListening();
		item.abandoned = true;
		if (item.epoch === undefined) this.#settle(item);
		else this.#send(item);
	}

	#fail(item: Item, error: AerogramError): void {
		this.#settle(item);
		item.reject(error);
	}

	#settle(item: Item): void {
		if (this.#items.get(item.id) !== item) return;
		this.#items.delete(item.id);
		item.timer.stop();
		item.stopListening();
		this.#link.link.release();
	}
}
