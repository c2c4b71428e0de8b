import { WebSocket } from "ws";
import type { Json } from "../../protocol/envelopes.ts";
import type { Member } from "../../protocol/presence.ts";

/** One client of a herd: it enters a channel, watches its members, and keeps every frame for later. */
export class HerdMember {
	readonly id: string;
	readonly socket: WebSocket;
	/** As they came, not even decoded: a thousand of these share one process with what measures them. */
	readonly frames: Buffer[] = [];
	closed: number | undefined;
	#welcomed!: () => void;
	readonly #answers = new Map<number, () => void>();
	#ref = 0;

	private constructor(socket: WebSocket, id: string) {
		this.socket = socket;
		this.id = id;
		socket.on("message", (data: Buffer) => this.#take(data));
		socket.on("close", (code) => {
			this.closed = code;
		});
		socket.on("error", () => {});
	}

	/** Connects; resolves at `welcome`, which does not count among its frames. */
	static async connect(url: string, space: string, id: string): Promise<HerdMember> {
		const target = new URL(`/v1/spaces/${space}/socket?client=${id}`, url.replace(/^http/, "ws"));
		const member = new HerdMember(new WebSocket(target, "aerogram.v1", { perMessageDeflate: false }), id);
		await new Promise<void>((resolve) => {
			member.#welcomed = resolve;
		});
		member.frames.length = 0;
		return member;
	}

	/** Sends envelopes as one frame; resolves when the last has its answer. */
	ask(...envelopes: readonly { readonly [key: string]: Json }[]): Promise<void> {
		const frame = envelopes.map((envelope) => {
			this.#ref += 1;
			return { ...envelope, ref: this.#ref, ch: "chat" };
		});
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#answers.set(this.#ref, resolve);
		this.socket.send(JSON.stringify(frame));
		return promise;
	}

	/** Who is there, by all its frames, in order; and how often each client was told to leave. Fails where it missed something. */
	view(): { readonly members: readonly string[]; readonly leaves: ReadonlyMap<string, number> } {
		const members = new Set<string>();
		const leaves = new Map<string, number>();
		let digest: string | undefined;
		for (const envelope of this.frames.flatMap(envelopesOf)) {
			if (envelope.t !== "pres") continue;
			if (envelope.snapshot) {
				if (digest !== undefined) throw new Error(`${this.id} was told everyone twice`);
				for (const { client } of envelope.e) members.add(client);
				if (!envelope.more) digest = envelope.to;
				continue;
			}
			if (envelope.after !== digest) throw new Error(`${this.id} missed something: ${envelope.after} after ${digest}`);
			for (const { event, client } of envelope.e) {
				if (event === "leave") {
					members.delete(client);
					leaves.set(client, (leaves.get(client) ?? 0) + 1);
				} else {
					members.add(client);
				}
			}
			digest = envelope.to;
		}
		return { members: [...members].sort(), leaves };
	}

	/** Whether the last thing it was told of the members ends with so many of them. */
	sees(count: number): boolean {
		return this.frames.at(-1)?.includes(`"to":"${count}.`) ?? false;
	}

	// Nothing but the answers is read while the herd is measured: they are in short frames, or stand first in theirs.
	#take(frame: Buffer): void {
		this.frames.push(frame);
		const start = frame.subarray(0, 200);
		if (start.includes('"t":"welcome"')) this.#welcomed();
		if (!start.includes('"t":"ok"')) return;
		for (const { t, ref } of envelopesOf(frame)) {
			if (t === "ok" && ref !== undefined) this.#answers.get(ref)?.();
		}
	}
}

interface Envelope {
	readonly t: string;
	readonly ref?: number;
	readonly snapshot?: true;
	readonly more?: true;
	readonly after?: string;
	readonly to: string;
	readonly e: readonly (Member & { readonly event?: string })[];
}

function envelopesOf(bytes: Buffer): readonly Envelope[] {
	const text = bytes.toString();
	if (text === "pong") return [];
	const frame = JSON.parse(text) as Envelope | readonly Envelope[];
	return Array.isArray(frame) ? frame : [frame as Envelope];
}
