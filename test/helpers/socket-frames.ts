/** A WebSocket of which a test sends frames as they are, and gets envelopes as they are. */
export class Frames {
	readonly closed: Promise<number>;
	readonly #socket: WebSocket;
	readonly #envelopes: unknown[] = [];
	#wake = () => {};

	private constructor(socket: WebSocket) {
		this.#socket = socket;
		socket.addEventListener("message", ({ data }) => {
			const frame: unknown = data === "pong" ? data : JSON.parse(String(data));
			this.#envelopes.push(...(Array.isArray(frame) ? frame : [frame]));
			this.#wake();
		});
		this.closed = new Promise((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
	}

	/** Connects to a space and reads the welcome. */
	static async open(server: { readonly socketUrl: string }, space: string): Promise<Frames> {
		const frames = new Frames(new WebSocket(`${server.socketUrl}/v1/spaces/${space}/socket`, "aerogram.v1"));
		const { t } = await frames.next<{ readonly t: string }>();
		if (t !== "welcome") throw new Error(`welcomed by ${t}`);
		return frames;
	}

	send(frame: string | Uint8Array<ArrayBuffer>): void {
		this.#socket.send(frame);
	}

	/** The next envelope, or `pong`; what comes is not checked. Rejects after 10 s. */
	async next<Envelope>(): Promise<Envelope> {
		if (this.#envelopes.length === 0) {
			let timer: NodeJS.Timeout | undefined;
			await new Promise<void>((resolve, reject) => {
				this.#wake = resolve;
				timer = setTimeout(() => reject(new Error("no envelope came for 10 s")), 10_000);
			}).finally(() => clearTimeout(timer));
		}
		return this.#envelopes.shift() as Envelope;
	}

	/** Sends a frame and resolves to the next envelope that comes. */
	ask<Envelope>(frame: string | Uint8Array<ArrayBuffer>): Promise<Envelope> {
		this.send(frame);
		return this.next();
	}

	[Symbol.dispose](): void {
		this.#socket.close();
	}
}
