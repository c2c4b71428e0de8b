import type { CallNews, CallReply } from "../../../protocol/calls.ts";
import type { Json } from "../../../protocol/envelopes.ts";
import * as sdkNumbers from "../../../protocol/sdk-numbers.ts";
import type { CallContext, CallHandler, ServeOptions } from "../../call-options.ts";
import { Timer } from "../../clock.ts";
import { AerogramError } from "../../errors.ts";
import { takeSnapshot } from "../../snapshot.ts";
import type { LiveLink } from "../live-link.ts";

interface Service {
	readonly name: string;
	readonly handler: CallHandler;
	readonly concurrency: number;
	readonly resolve: () => void;
	readonly reject: (error: AerogramError) => void;
	/** Whether the server has taken it once. */
	stood: boolean;
}

/** A call that was handed to this client, until its reply is stored. */
interface Run {
	readonly id: string;
	readonly service: string;
	readonly controller: AbortController;
	/** Of the last time that it was handed over. */
	attempt: number;
	/** Absent while the handler works. */
	reply: CallReply | undefined;
}

/** The services that this client serves, and the calls that it has in hand: both outlive the connection. */
export class Incoming {
	readonly #link: LiveLink;
	readonly #services = new Map<string, Service>();
	readonly #runs = new Map<string, Run>();
	readonly #retry: Timer;

	constructor(link: LiveLink) {
		this.#link = link;
		this.#retry = new Timer(link.link.settings.clock);
	}

	/** Serves until `closing` is aborted; resolves when calls can come, and rejects with what the server refuses that with. */
	serve(name: string, handler: CallHandler, options: ServeOptions, closing: AbortSignal): Promise<void> {
		const { link } = this.#link;
		return new Promise((resolve, reject) => {
			if (link.ended) throw link.ended;
			if (this.#services.has(name)) throw new AerogramError("bad_request", `This client serves ${name} already.`);
			if (closing.aborted) return resolve();
			const service: Service = { name, handler, concurrency: options.concurrency ?? 1, resolve, reject, stood: false };
			this.#services.set(name, service);
			closing.addEventListener("abort", () => this.#close(service));
			link.retain();
			if (link.welcome) this.#offer(service);
		});
	}

	/** A connection stands: what is done is told before what is still worked on. */
	up(): void {
		for (const run of this.#runs.values()) this.#reply(run);
		for (const service of this.#services.values()) this.#offer(service);
		const closed = [...this.#runs.values()].filter(({ service }) => !this.#services.has(service));
		for (const name of new Set(closed.map(({ service }) => service)))
			this.#say(
				name,
				0,
				() => {},
				() => {},
			);
	}

	/** The connection is gone. */
	down(): void {
		this.#retry.stop();
	}

	/** Nothing will come any more. */
	end(error: AerogramError): void {
		this.#retry.stop();
		for (const service of [...this.#services.values()]) this.#drop(service, error);
		for (const run of [...this.#runs.values()]) this.#forget(run, error);
	}

	/** A call is handed over. One that this client has in hand already goes on. */
	handed({ service: name, id, attempt, from, data }: Extract<CallNews, { type: "call" }>): void {
		const known = this.#runs.get(id);
		const service = this.#services.get(name);
		if (known) {
			known.attempt = attempt;
		} else if (service) {
			const run: Run = { id, service: name, controller: new AbortController(), attempt, reply: undefined };
			this.#runs.set(id, run);
			this.#link.link.retain();
			void this.#handle(service, run, data, from);
		} else {
			const nobody = () => {};
			this.#link.request((ref) => ({ type: "nack", ref, id, attempt }), nobody, nobody);
		}
	}

	/** Nobody waits for a call any more. */
	cancelled(id: string): void {
		const run = this.#runs.get(id);
		if (run) this.#forget(run, new AerogramError("cancelled", "Nobody waits for the reply any more."));
	}

	async #handle(service: Service, run: Run, data: Json, from: string): Promise<void> {
		const { id, controller } = run;
		const context: CallContext = {
			id,
			from,
			signal: controller.signal,
			get attempt() {
				return run.attempt;
			},
			progress: (progress) => this.#progress(run, progress),
		};
		let reply: CallReply;
		try {
			reply = { data: this.#carried(await service.handler(data, context)) };
		} catch (thrown) {
			reply = { error: this.#failure(thrown) };
		}
		run.reply = reply;
		this.#reply(run);
	}

	/** A value as it can be told. Throws `not_json`, `too_deep`, `too_big`. */
	#carried(value: unknown): Json {
		const { data, bytes } = takeSnapshot(value === undefined ? null : value);
		const { messageBytes } = this.#link.limits;
		if (bytes > messageBytes) throw new AerogramError("too_big", `A reply holds at most ${messageBytes} bytes.`);
		return data;
	}

	#failure(thrown: unknown): { readonly message: string; readonly data?: Json } {
		const message = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, sdkNumbers.failureLength);
		const data = (thrown as { readonly data?: unknown } | undefined | null)?.data;
		try {
			return data === undefined ? { message } : { message, data: this.#carried(data) };
		} catch {
			return { message };
		}
	}

	#progress(run: Run, progress: unknown): void {
		const { id, attempt, reply } = run;
		const data = this.#carried(progress);
		const isOpen = this.#runs.get(id) === run && !reply && this.#link.link.welcome;
		if (isOpen) this.#link.send({ type: "progress", id, attempt, data });
	}

	/** Sends the reply of a run, where there is one, and again after each reconnect until the server has it. */
	#reply(run: Run): void {
		const { id, attempt, reply } = run;
		if (!reply || this.#runs.get(id) !== run || !this.#link.link.welcome) return;
		this.#link.request(
			(ref) => ({ type: "reply", ref, id, attempt, reply }),
			() => this.#forget(run),
			(error) => {
				this.#link.link.report(error);
				if (error.retryable) this.#replyLater();
				else this.#forget(run);
			},
		);
	}

	#replyLater(): void {
		this.#retry.start(this.#link.link.settings.durations.backoffBase, () => {
			for (const run of this.#runs.values()) this.#reply(run);
		});
	}

	/** Offers a service to the server, with what is still worked on. */
	#offer(service: Service): void {
		if (!this.#link.link.welcome?.features.includes("calls")) {
			return this.#drop(service, new AerogramError("unsupported", "This server knows no calls."));
		}
		this.#say(
			service.name,
			service.concurrency,
			() => {
				service.stood = true;
				service.resolve();
			},
			(error) => {
				if (service.stood) this.#link.link.report(error);
				this.#drop(service, error);
			},
		);
	}

	#say(service: string, concurrency: number, done: () => void, refused: (error: AerogramError) => void): void {
		const mine = [...this.#runs.values()].filter((run) => run.service === service && !run.reply);
		const holds = mine.map(({ id, attempt }) => ({ id, attempt }));
		const more = holds.length > 0 ? { holds } : {};
		this.#link.request((ref) => ({ type: "serve", ref, service, concurrency, ...more }), done, refused);
	}

	#close(service: Service): void {
		if (!this.#services.has(service.name)) return;
		this.#drop(service);
		if (this.#link.link.welcome)
			this.#say(
				service.name,
				0,
				() => {},
				() => {},
			);
	}

	#drop(service: Service, error?: AerogramError): void {
		if (this.#services.get(service.name) !== service) return;
		this.#services.delete(service.name);
		if (error) service.reject(error);
		else service.resolve();
		this.#link.link.release();
	}

	#forget(run: Run, error?: AerogramError): void {
		if (this.#runs.get(run.id) !== run) return;
		this.#runs.delete(run.id);
		if (error) run.controller.abort(error);
		this.#link.link.release();
	}
}
