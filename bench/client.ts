import { WebSocket } from "ws";

const pub = (n: number) =>
	JSON.stringify({ t: "pub", ref: n, ch: "bench", n, prev: n - 1, data: { text: "x".repeat(100) } });

/** A socket that counts what it gets without parsing it, so that both systems cost the client the same. */
export class BenchSocket {
	readonly #socket: WebSocket;
	/** Publishes are numbered through, or a second run would be taken for a repetition of the first. */
	#sent = 0;
	/** Called with the number of acknowledgements and of messages in a frame. */
	onFrame: (answers: number, messages: number, text: string) => void = () => {};

	private constructor(socket: WebSocket) {
		this.#socket = socket;
		socket.on("message", (bytes: Buffer) => {
			const text = bytes.toString("latin1");
			this.onFrame(count(text, '"t":"ok"'), count(text, '"seq":') - count(text, '"t":"ok"'), text);
		});
	}

	/** Connects, as who a token says, and waits for the first frame. */
	static async open(url: string, space: string, client: string, token?: string): Promise<BenchSocket> {
		const target = `${url.replace("http", "ws")}/v1/spaces/${space}/socket?client=${client}`;
		const socket = new WebSocket(target, {
			perMessageDeflate: false,
			...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
		});
		await new Promise((resolve, reject) => socket.once("message", resolve).once("error", reject));
		return new BenchSocket(socket);
	}

	send(text: string): void {
		this.#socket.send(text);
	}

	/** Subscribes from the start and gives credit as it goes; resolves when `count` messages have come. */
	subscribe(expected: number): Promise<void> {
		return new Promise((resolve) => {
			let seen = 0;
			this.onFrame = (_, messages, text) => {
				seen += messages;
				const to = /"to":(\d+)[}\]]*$/.exec(text)?.[1];
				if (to !== undefined) this.send(`{"t":"credit","ch":"bench","seq":${to}}`);
				if (seen >= expected) resolve();
			};
			this.send('{"t":"sub","ref":1,"ch":"bench","at":"start"}');
			if (expected === 0) resolve();
		});
	}

	/** Publishes in a closed loop with `inFlight` unanswered, for `ms` milliseconds; resolves to answers a second. */
	publish(inFlight: number, ms: number): Promise<number> {
		return new Promise((resolve) => {
			const first = this.#sent;
			let answered = 0;
			const started = performance.now();
			const fill = () => {
				while (this.#sent - first - answered < inFlight) this.send(pub(this.#sent++));
			};
			this.onFrame = (answers) => {
				answered += answers;
				const took = performance.now() - started;
				if (took < ms) fill();
				else if (answered === this.#sent - first) resolve((answered / took) * 1_000);
			};
			fill();
		});
	}

	close(): void {
		this.#socket.terminate();
	}
}

function count(text: string, needle: string): number {
	let times = 0;
	for (let at = text.indexOf(needle); at !== -1; at = text.indexOf(needle, at + needle.length)) times += 1;
	return times;
}
