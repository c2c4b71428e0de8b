import { exports } from "cloudflare:workers";
import { decodeServerFrame } from "../../protocol/codec/envelope.ts";
import type { Json, ServerEnvelope } from "../../protocol/envelopes.ts";

type Of<Type extends ServerEnvelope["type"]> = Extract<ServerEnvelope, { type: Type }>;

/** A client that speaks the wire by hand, inside workerd: what it sends and gets is exactly what a test says. */
export class WireClient {
	readonly socket: WebSocket;
	/** Every envelope received and not yet taken. */
	readonly inbox: ServerEnvelope[] = [];
	/** Every text frame received, as it came. */
	readonly frames: string[] = [];
	closed: { readonly code: number; readonly reason: string } | undefined;
	#wake: () => void = () => {};

	constructor(socket: WebSocket) {
		this.socket = socket;
		socket.addEventListener("message", (event) => {
			const text = String(event.data);
			this.frames.push(text);
			const decoded = text === "pong" ? undefined : decodeServerFrame(text);
			if (decoded?.ok) this.inbox.push(...decoded.value);
			this.#wake();
		});
		socket.addEventListener("close", (event) => {
			this.closed = { code: event.code, reason: event.reason };
			this.#wake();
		});
		socket.accept();
	}

	/** Connects to a space and takes the `welcome`. */
	static async connect(space: string, client = "tester"): Promise<WireClient> {
		const url = `http://localhost/v1/spaces/${space}/socket?client=${client}`;
		const response = await exports.default.fetch(url, { headers: { upgrade: "websocket" } });
		if (!response.webSocket) throw new Error(`no socket: ${response.status} ${await response.text()}`);
		const connected = new WireClient(response.webSocket);
		await connected.next("welcome");
		return connected;
	}

	/** Sends one envelope, or several as one frame. */
	send(...envelopes: readonly Json[]): void {
		this.socket.send(JSON.stringify(envelopes.length === 1 ? envelopes[0] : envelopes));
	}

	/** Takes the first envelope of a type, waiting for it up to ten seconds. */
	async next<Type extends ServerEnvelope["type"]>(type: Type): Promise<Of<Type>> {
		const is = (envelope: ServerEnvelope): envelope is Of<Type> => envelope.type === type;
		await this.until(() => this.inbox.some(is), `an envelope of type ${type}`);
		const index = this.inbox.findIndex(is);
		return this.inbox.splice(index, 1)[0] as Of<Type>;
	}

	/** Takes `msg` envelopes until `count` messages are here; returns their seqs and what the frames accounted for. */
	async messages(count: number): Promise<Of<"messages">["entries"]> {
		const entries: Of<"messages">["entries"][number][] = [];
		while (entries.length < count) entries.push(...(await this.next("messages")).entries);
		return entries;
	}

	/** Sends an envelope with a `ref` and takes its one answer. */
	async ask(envelope: { readonly [key: string]: Json } & { readonly ref: number }): Promise<ServerEnvelope> {
		this.send(envelope);
		const answers = (each: ServerEnvelope) => "ref" in each && each.ref === envelope.ref;
		await this.until(() => this.inbox.some(answers), `the answer to ref ${envelope.ref}`);
		return this.inbox.splice(this.inbox.findIndex(answers), 1)[0] as ServerEnvelope;
	}

	/** Waits until something holds, up to ten seconds. */
	async until(holds: () => boolean, what: string): Promise<void> {
		const deadline = Date.now() + 10_000;
		while (!holds()) {
			if (Date.now() > deadline)
				throw new Error(`waited in vain for ${what}; got ${this.frames.slice(-5).join(" | ")}`);
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
				setTimeout(resolve, 20);
			});
		}
	}
}
