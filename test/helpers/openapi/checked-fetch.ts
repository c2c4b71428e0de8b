import { sawCodes } from "../seen-codes.ts";
import type { Contract } from "./contract.ts";
import { isEventStream } from "./contract.ts";
import { EventChecker } from "./event-checker.ts";
import type { Exchange } from "./paths.ts";
import { countsCodes, isServer } from "./servers.ts";

/** How long a body that a test does not read may take to come, before it counts as left behind. */
const patience = 2_000;

/** Compares what servers of ours answer with their contract, and keeps what is wrong until somebody takes it. */
export class Inspector {
	readonly #contract: Contract;
	readonly #findings = new Set<string>();
	readonly #bodies = new Set<Promise<void>>();

	constructor(contract: Contract) {
		this.#contract = contract;
	}

	/** A fetch that does what the given one does, and looks at what it brings. */
	watch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
		return async (input, init) => {
			const response = await fetch(input, init);
			const asked = new URL(response.url || (input instanceof Request ? input.url : input));
			if (!isServer(asked)) return response;
			const method = init?.method ?? (input instanceof Request ? input.method : "GET");
			const { status, headers } = response;
			const exchange = { method: normalize(method), target: asked.pathname + asked.search, status, headers };
			this.#look(exchange, response, countsCodes(asked) ? sawCodes : () => {});
			return response;
		};
	}

	/** Looks at an answer that did not come by fetch. */
	check(exchange: Exchange, body: Uint8Array): void {
		this.#note(exchange, this.#contract.checkHead(exchange));
		this.#lookAtWhole(exchange, body, sawCodes);
	}

	/** All that was found since the last call, once the bodies that are on their way have come. */
	async takeFindings(): Promise<readonly string[]> {
		if (this.#bodies.size > 0) {
			const { promise: late, resolve } = Promise.withResolvers<void>();
			const timer = setTimeout(resolve, patience);
			await Promise.race([Promise.all(this.#bodies), late]);
			clearTimeout(timer);
		}
		const findings = [...this.#findings];
		this.#findings.clear();
		return findings;
	}

	#look(exchange: Exchange, response: Response, saw: (text: string) => void): void {
		this.#note(exchange, this.#contract.checkHead(exchange));
		if (!response.body) return;
		if (isEventStream(exchange)) this.#lookAtEvents(exchange, response, saw);
		else this.#lookAtBody(exchange, response.clone(), saw);
	}

	#lookAtBody(exchange: Exchange, copy: Response, saw: (text: string) => void): void {
		const read = copy.arrayBuffer().then(
			(body) => this.#lookAtWhole(exchange, new Uint8Array(body), saw),
			// The test, or the server, cut it: there is nothing to look at.
			() => {},
		);
		this.#bodies.add(read);
		void read.then(() => this.#bodies.delete(read));
	}

	#lookAtWhole(exchange: Exchange, body: Uint8Array, saw: (text: string) => void): void {
		this.#note(exchange, this.#contract.checkBody(exchange, body));
		if (exchange.status >= 400) saw(new TextDecoder().decode(body));
	}

	/** A stream is looked at as the test reads it: whoever reads nothing must stay somebody who reads nothing. */
	#lookAtEvents(exchange: Exchange, response: Response, saw: (text: string) => void): void {
		const { body } = response;
		if (!body) return;
		const events = new EventChecker((event, data) => {
			this.#note(exchange, this.#contract.checkEvent(exchange, event, data));
			saw(data);
		});
		let watched: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
		const open = () => {
			watched ??= body.pipeThrough(
				new TransformStream({
					transform(chunk, controller) {
						events.add(chunk);
						controller.enqueue(chunk);
					},
				}),
			);
			return watched;
		};
		Object.defineProperty(response, "body", { get: open });
		response.text = () => new Response(open()).text();
		response.bytes = () => new Response(open()).bytes();
	}

	#note({ method, target, status }: Exchange, findings: readonly string[]): void {
		for (const finding of findings) this.#findings.add(`${method} ${target} was answered ${status} ${finding}`);
	}
}

/** A method as fetch sends it: those it knows in capitals, any other as it is. */
function normalize(method: string): string {
	return /^(?:delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}
