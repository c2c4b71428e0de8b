import { decodeServerFrame, encodeClient } from "../../protocol/codec/envelope.ts";
import { itemsOf } from "../../protocol/codec/json.ts";
import { decodeClientFrame, encodeServer } from "../../protocol/codec/serving.ts";
import type { ServerEnvelope } from "../../protocol/envelopes.ts";
import { errorRow } from "../../protocol/errors.ts";
import type { Limits } from "../../protocol/limits.ts";
import type { Welcome } from "../connection.ts";
import { frameOf, takeSome } from "../frame-writer.ts";
import type { Answer } from "../requests.ts";
import { HttpLine, type HttpParts } from "./http-line.ts";
import { PolledChannels, type Question } from "./polled-channels.ts";
import type { Transport, TransportEvents } from "./port.ts";

/**
 * Frames both ways in requests that are answered when there is something to say. Each of them is a connection of its own
 * to the server, which remembers nothing from one to the next. So the subscriptions are kept here, and every poll asks for
 * all of them again, each from where it is.
 */
export class LongPollTransport implements Transport {
	readonly #line: HttpLine;
	/** How long a poll is parked, in milliseconds. */
	readonly #patience: number;
	readonly #channels = new PolledChannels();
	readonly #questions: Question[] = [];
	/** The calls that the server has and that have no result yet: every poll asks for them again, too. */
	readonly #calls = new Set<string>();
	/** The texts of publishes that wait for the request before theirs, … */
	readonly #publishes: string[] = [];
	/** … and that request. */
	#publishing: Promise<void> | undefined;
	/** The poll that waits for messages. */
	#parked: AbortController | undefined;
	/** Set while there is nothing to ask for. */
	#wake: (() => void) | undefined;
	#welcome: Welcome | undefined;

	constructor(url: string, parts: HttpParts) {
		this.#line = new HttpLine(url, parts);
		this.#patience = parts.durations.poll;
	}

	open(events: TransportEvents): void {
		this.#line.open(events, async () => {
			this.#hand(await this.#exchange([], 0));
			if (this.#welcome) await this.#poll(this.#welcome);
		});
	}

	send(text: string): void {
		if (text === "ping") return this.#ping();
		for (const item of itemsOf(text) ?? []) this.#take(item);
		if (this.#questions.length > 0) this.#parked?.abort();
		this.#wake?.();
		if (!this.#publishing && this.#publishes.length > 0) void this.#line.run(() => this.#publish());
	}

	close(): void {
		this.#line.close();
		this.#wake?.();
	}

	#take(item: string): void {
		const frame = decodeClientFrame(item);
		const [decoded] = frame.ok ? frame.value : [];
		const envelope = decoded?.ok ? decoded.envelope : undefined;
		if (envelope?.type === "subscribe" || envelope?.type === "unsubscribe") this.#questions.push(envelope);
		else if (envelope?.type === "credit") this.#channels.credit(envelope.channel, envelope.seq);
		// What cannot be read here is not ours to refuse.
		else this.#publishes.push(item);
	}

	/** Polls until the transport ends, one request at a time. */
	async #poll({ limits }: Welcome): Promise<void> {
		while (!this.#line.over) {
			// As with the window of a socket: who has not taken what came gets no more.
			const full = this.#channels.owed >= limits.windowBytes;
			if (this.#questions.length > 0) await this.#ask(this.#questions.splice(0, limits.frameEnvelopes), limits, full);
			else if (this.#channels.size + this.#calls.size > 0 && !full) await this.#park(limits);
			else await this.#rest();
		}
	}

	/** Asks what cannot wait. The answer comes at once, with the first messages of what is subscribed by it. */
	async #ask(questions: readonly Question[], { channelsPerSocket }: Limits, full: boolean): Promise<void> {
		const answers = await this.#exchange(questions.map(encodeClient), 0);
		await this.#publishing;
		const told = answers.map((answer) => {
			const question = isAnswer(answer) && questions.find(({ ref }) => ref === answer.ref);
			return question ? this.#channels.answered(question, answer, channelsPerSocket) : answer;
		});
		// With a full window, the messages are left for the poll that comes when it is not.
		this.#hand(told.filter((each) => each.type !== "messages" || (!full && this.#channels.has(each.channel))));
	}

	/** Waits for messages on all channels. */
	async #park({ frameEnvelopes }: Limits): Promise<void> {
		const parked = new AbortController();
		this.#parked = parked;
		try {
			const channels = this.#channels.renewals().map(encodeClient);
			const calls = [...this.#calls];
			const asked = calls.map((id, index) => `{"t":"call","ref":${channels.length + index},"id":"${id}"}`);
			// More than a frame holds get their turn when some of these have their results.
			const renewals = [...channels, ...asked].slice(0, frameEnvelopes);
			const answers = await this.#exchange(renewals, this.#patience, parked);
			await this.#publishing;
			this.#hand(this.#withoutRenewals(answers, channels.length));
		} catch (thrown) {
			// Given up for a question that cannot wait: what came of it so far comes again.
			if (!parked.signal.aborted) throw thrown;
		}
		this.#parked = undefined;
	}

	/** Nobody asked for renewals: they change nothing where they stand, and where one does not, that is news. */
	#withoutRenewals(answers: readonly ServerEnvelope[], channels: number): readonly ServerEnvelope[] {
		return answers.flatMap((answer): ServerEnvelope[] => {
			if (!isAnswer(answer)) return [answer];
			// A call that is not known any more has no result: whoever called knows its deadline.
			if (Number(answer.ref) >= channels) return [];
			if (answer.type === "error") this.#line.bye(answer.code, answer.message);
			if (answer.type !== "reset") return [];
			const { ref: _, ...news } = answer;
			return [news];
		});
	}

	#rest(): Promise<void> {
		return new Promise((resolve) => {
			this.#wake = () => {
				this.#wake = undefined;
				resolve();
			};
		});
	}

	async #publish(): Promise<void> {
		while (this.#welcome && this.#publishes.length > 0 && !this.#line.over) {
			const some = takeSome(this.#publishes, this.#welcome.limits);
			this.#publishing = this.#exchange(some, 0).then((answers) => {
				for (const text of some) this.#called(text);
				this.#hand(answers);
			});
			await this.#publishing;
		}
		this.#publishing = undefined;
	}

	/** Waits for the result of a call from now on, in the next poll: one that is parked knows nothing of it. */
	#called(text: string): void {
		const frame = decodeClientFrame(text);
		const [decoded] = frame.ok ? frame.value : [];
		if (!decoded?.ok || decoded.envelope.type !== "call") return;
		this.#calls.add(decoded.envelope.id);
		this.#parked?.abort();
		this.#wake?.();
	}

	#ping(): void {
		const idle = this.#wake !== undefined;
		// A parked poll is answered that often; where none is, one that is answered at once asks for the sign of life.
		this.#line.ping(idle ? -1 : this.#patience);
		if (idle) void this.#line.run(async () => void (await this.#exchange([], 0)));
	}

	/**
	 * One request: envelopes up, each of which has an answer, and what the server has to say; its welcome only where that is
	 * news. Says nothing where that ends the transport.
	 */
	async #exchange(texts: readonly string[], wait: number, abort?: AbortController): Promise<readonly ServerEnvelope[]> {
		const headers = { "content-type": "application/json" };
		const init = { method: "POST", headers, body: frameOf(texts) };
		const read = async (response: Response): Promise<string | undefined> => {
			if (response.ok) return response.text();
			await this.#line.refused(response);
			return undefined;
		};
		// Whoever has the same client id takes over by opening a connection of any kind, and is told apart by this name.
		const poll = encodeURIComponent(this.#welcome?.connection ?? "new");
		const answer = await this.#line.request(`&wait=${Math.ceil(wait / 1_000)}&poll=${poll}`, init, read, abort);
		if (answer === undefined) return [];
		const decoded = decodeServerFrame(answer);
		const envelopes = decoded.ok ? decoded.value : [];
		const [welcome, ...others] = envelopes;
		if (welcome?.type !== "welcome") throw new Error("The answer did not come from an Aerogram server.");
		this.#line.heard();
		if (others.filter(isAnswer).length < texts.length && !others.some(({ type }) => type === "bye")) {
			throw new Error("The server broke off its answer.");
		}
		if (this.#welcome?.epoch === welcome.epoch) return others;
		if (this.#welcome) {
			// A socket would have been told when it happened.
			this.#line.bye("wiped", errorRow("wiped").title);
			return [];
		}
		// Between two polls the client is not there: others could not tell it from one that is gone, and nothing is watched.
		const features = welcome.features.filter((feature) => feature !== "presence" && feature !== "watch");
		this.#welcome = { ...welcome, features };
		return [this.#welcome, ...others];
	}

	/** Hands envelopes on, as one frame, and notes where they lead. */
	#hand(envelopes: readonly ServerEnvelope[]): void {
		const texts = envelopes.map((envelope) => {
			const text = encodeServer(envelope);
			if (envelope.type === "messages") this.#channels.received(envelope, text.length);
			if (envelope.type === "reset") this.#channels.ended(envelope.channel);
			if (envelope.type === "live" && envelope.fields.progress === undefined)
				this.#calls.delete(String(envelope.fields.id));
			return text;
		});
		if (texts.length > 0) this.#line.received(frameOf(texts));
	}
}

/** Whether an envelope answers one that was sent. */
function isAnswer(envelope: ServerEnvelope): envelope is Answer {
	return "ref" in envelope && envelope.ref !== undefined;
}
