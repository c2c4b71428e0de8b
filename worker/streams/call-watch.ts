import type { CallNews } from "../../protocol/calls.ts";
import { decodeServerFrame } from "../../protocol/codec/envelope.ts";
import { writeJson } from "../../protocol/codec/json.ts";
import { encodeLive, readLiveNews } from "../../protocol/codec/live.ts";
import type { Identity } from "../../protocol/identity.ts";
import { failureLine } from "../../protocol/log.ts";
import { durationsOf, type Env } from "../env.ts";
import { Problem } from "../http/problem.ts";
import { HeldSocket, refusalOf } from "./held-socket.ts";

/** The result of a call: the JSON text of the reply, or of the error. */
export interface CallResult {
	readonly data: string;
	readonly failed: boolean;
}

/** Who hears of a call. */
export interface CallListener {
	/** How far it is, as JSON text. */
	progress(data: string): void;
	/** Its result. Nothing comes after it. */
	result(result: CallResult): void;
	/** It cannot be waited for. Nothing comes after it. */
	refused(problem: Problem): void;
}

/** Which call. */
export interface CallTarget {
	readonly space: string;
	readonly identity: Identity;
	readonly id: string;
}

/**
 * Waits for a call over a held socket, across the object's sleep, crashes and deploys, until it has its result or `close` is
 * called. While nothing happens, nothing is asked of the object.
 */
export class CallWatch {
	readonly #env: Env;
	readonly #target: CallTarget;
	readonly #listener: CallListener;
	readonly #random: () => number;
	#held: HeldSocket | undefined;
	#retry: ReturnType<typeof setTimeout> | null = null;
	#attempt = 0;
	#over = false;

	constructor(env: Env, target: CallTarget, listener: CallListener, random: () => number) {
		this.#env = env;
		this.#target = target;
		this.#listener = listener;
		this.#random = random;
	}

	/** Begins to wait. */
	open(): void {
		this.#connect().catch((error: unknown) => {
			if (error instanceof Problem) return this.#refuse(error);
			console.error(failureLine("reaching the space of a call", error));
			this.#again();
		});
	}

	/** Waits no longer. */
	close(): void {
		this.#over = true;
		clearTimeout(this.#retry);
		this.#held?.close();
	}

	async #connect(): Promise<void> {
		const { space, identity, id } = this.#target;
		const held = await HeldSocket.open(
			this.#env,
			{ space, identity, beside: true },
			{ frame: (text) => this.#take(text), ended: (code) => this.#ended(code) },
		);
		this.#held = held;
		// Whoever waits may have gone while it was being opened.
		if (this.#over) held.close();
		else held.send(encodeLive({ type: "call-again", ref: 1, id }));
	}

	#take(text: string): void {
		const frame = decodeServerFrame(text);
		for (const envelope of frame.ok ? frame.value : []) {
			if (this.#over) return;
			if (envelope.type === "error") this.#refuse(new Problem(envelope.code, envelope.message));
			const news = envelope.type === "live" ? readLiveNews(envelope.fields) : undefined;
			if (news?.type === "progress-told") this.#listener.progress(writeJson(news.progress));
			if (news?.type === "result") this.#finish(news);
		}
	}

	#finish(news: Extract<CallNews, { type: "result" }>): void {
		this.close();
		const failed = "error" in news;
		this.#listener.result({ data: failed ? JSON.stringify(news.error) : writeJson(news.data), failed });
	}

	#refuse(problem: Problem): void {
		this.close();
		this.#listener.refused(problem);
	}

	#ended(code: number): void {
		const refusal = refusalOf(code);
		if (refusal) this.#refuse(refusal);
		else this.#again();
	}

	/** Those who lost the same object must not come back in the same moment. */
	#again(): void {
		if (this.#over) return;
		const { backoffBase, backoffCap, backoffFloor } = durationsOf(this.#env);
		const ceiling = Math.min(backoffCap, backoffBase * 2 ** this.#attempt);
		this.#attempt += 1;
		this.#retry = setTimeout(() => this.open(), Math.max(backoffFloor, this.#random() * ceiling));
	}
}
