import { decodeClientFrame, encodeServer } from "../../../../protocol/codec/serving.ts";
import type { ChannelRequest, ClientEnvelope, Json, Message, ServerEnvelope } from "../../../../protocol/envelopes.ts";
import { type Limits, limits } from "../../../../protocol/limits.ts";
import type { Clock } from "../../../../sdk/clock.ts";
import type { Transport, TransportEvents, TransportFactory } from "../../../../sdk/transports/port.ts";
import { FakeLog } from "./fake-log.ts";

/** What a hook makes of an envelope: `undefined` as usual, `"ignore"` nothing at all, or this answer instead. */
export type Hook = (envelope: ClientEnvelope) => ServerEnvelope | "ignore" | undefined;

interface Subscribed {
	sent: number;
	/** Bytes of what was sent, by the last seq of its frame. */
	unpaid: { readonly to: number; readonly bytes: number }[];
}

/** A server in memory, by the contract of `protocol/`. Time passes on its way: `latency` each direction. */
export class FakeServer {
	epoch = "000000001aaaaaaaa";
	latency = 1;
	limits: Limits = limits;
	features: readonly string[] = ["ephemeral", "calls"];
	/** Decides over each envelope before the server acts on it. */
	hook: Hook | undefined;
	/** Decides over each answer: false keeps it from leaving, although the server has acted. */
	answers: (envelope: ServerEnvelope) => boolean = () => true;
	/** Does not even say welcome. */
	mute = false;
	/** Answers no ping. */
	frozen = false;
	/** Refuses connections with this close code. */
	refuse: number | undefined;
	/** Everything that came, and the frames it came in. */
	readonly received: ClientEnvelope[] = [];
	readonly frames: string[] = [];
	readonly connects: number[] = [];
	readonly pings: number[] = [];
	readonly sockets = new Set<FakeSocket>();
	readonly clock: Clock;
	readonly #logs = new Map<string, FakeLog>();

	constructor(clock: Clock) {
		this.clock = clock;
	}

	log(name: string): FakeLog {
		const log = this.#logs.get(name) ?? new FakeLog(name);
		this.#logs.set(name, log);
		return log;
	}

	/** Stores a message and fans it out. */
	append(channel: string, data: string | number): void {
		this.log(channel).append(data);
		this.fanOut(channel);
	}

	fanOut(channel: string): void {
		for (const socket of this.sockets) socket.push(channel);
	}

	/** Delivers ephemeral messages to every subscriber that is up to date. */
	pass(channel: string, ...data: readonly Json[]): void {
		const { head } = this.log(channel);
		const entries = data.map((each) => ({ ts: 0, from: "anonymous", data: each }));
		for (const socket of this.sockets) {
			if (socket.subscriptions.get(channel)?.sent === head) socket.send({ type: "ephemeral", channel, entries });
		}
	}

	/** Ends every connection, and with it all that is under way. */
	cut(code = 1006, reason = ""): void {
		for (const socket of [...this.sockets]) socket.end(code, reason);
	}

	/** All that was, is gone. */
	wipe(): void {
		this.epoch = this.epoch.replace(/.{9}/, (time) => String(Number(time) + 1).padStart(9, "0"));
		this.#logs.clear();
		for (const socket of this.sockets) socket.send({ type: "bye", code: "wiped", message: "" });
		this.clock.setTimeout(() => this.cut(4202), this.latency);
	}

	/** Empties a channel and tells its subscribers. */
	purge(channel: string): void {
		const log = this.log(channel);
		log.trim(log.head + 1);
		for (const socket of this.sockets) {
			if (!socket.subscriptions.delete(channel)) continue;
			socket.send({ type: "reset", channel, reason: "purged", epoch: this.epoch, floor: log.floor, head: log.head });
		}
	}

	/** Envelopes of one type that came. */
	of<Type extends ClientEnvelope["type"]>(type: Type): readonly Extract<ClientEnvelope, { type: Type }>[] {
		return this.received.filter((each): each is Extract<ClientEnvelope, { type: Type }> => each.type === type);
	}

	readonly transport: TransportFactory = (url) => {
		this.connects.push(this.clock.now());
		return new FakeSocket(this, url);
	};
}

/** As many messages as fit a page, and one at least. */
function page(messages: readonly Message[], bytes: number): readonly Message[] {
	let left = bytes;
	const end = messages.findIndex((message, index) => {
		left -= JSON.stringify(message).length;
		return left < 0 && index > 0;
	});
	return end < 0 ? messages : messages.slice(0, end);
}

function unpaidBytes({ unpaid }: Subscribed): number {
	return unpaid.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** One connection: the client's transport and the server's end of it. */
export class FakeSocket implements Transport {
	readonly subscriptions = new Map<string, Subscribed>();
	readonly client: string;
	/** Bytes that were sent on subscriptions that have ended since the last credit. */
	#left = 0;
	readonly #server: FakeServer;
	#events: TransportEvents | undefined;
	#open = true;

	constructor(server: FakeServer, url: string) {
		this.#server = server;
		this.client = new URL(url).searchParams.get("client") ?? "";
	}

	open(events: TransportEvents): void {
		this.#events = events;
		const server = this.#server;
		server.clock.setTimeout(() => {
			if (!this.#open) return;
			if (server.refuse !== undefined) {
				this.end(server.refuse, "refused");
				return;
			}
			for (const socket of [...server.sockets]) if (socket.client === this.client) socket.end(4203, "replaced");
			server.sockets.add(this);
			if (server.mute) return;
			const { epoch, features } = server;
			const told = { greeting: "", epoch, connection: "c", limits: server.limits, features };
			this.send({ type: "welcome", ...told });
		}, server.latency);
	}

	/** From the client. */
	send(text: ServerEnvelope | string): void {
		if (typeof text !== "string") {
			this.#toClient(encodeServer(text));
			return;
		}
		this.#later(() => {
			if (text === "ping") {
				this.#server.pings.push(this.#server.clock.now());
				if (!this.#server.frozen) this.#toClient("pong");
				return;
			}
			this.#server.frames.push(text);
			const frame = decodeClientFrame(text);
			if (!frame.ok) throw new Error(`The client sent a frame that is none: ${text}`);
			for (const decoded of frame.value) {
				if (!decoded.ok) throw new Error(`The client sent what is not allowed: ${decoded.fault.message}`);
				this.#server.received.push(decoded.envelope);
				const decision = this.#server.hook?.(decoded.envelope);
				if (decision === "ignore") continue;
				if (decision) this.send(decision);
				else this.#act(decoded.envelope as ChannelRequest);
			}
		});
	}

	close(): void {
		this.#open = false;
		this.#server.sockets.delete(this);
	}

	/** The server's side, or the network, ends it. */
	end(code: number, reason: string): void {
		if (!this.#open) return;
		this.close();
		this.#events?.closed(code, reason);
	}

	/** Sends what the subscriber has not been sent, as far as its window goes. */
	push(channel: string): void {
		const subscription = this.subscriptions.get(channel);
		if (!subscription) return;
		const log = this.#server.log(channel);
		while (subscription.sent < log.head) {
			if (this.#left + unpaidBytes(subscription) > this.#server.limits.windowBytes) return;
			const after = subscription.sent;
			const entries = page(
				log.messages.filter(({ seq }) => seq > after),
				this.#server.limits.pageBytes,
			);
			const to = entries.at(-1)?.seq ?? log.head;
			subscription.sent = to;
			subscription.unpaid.push({ to, bytes: JSON.stringify(entries).length });
			this.send({ type: "messages", channel, after, to, entries });
		}
	}

	#act(envelope: ChannelRequest): void {
		const server = this.#server;
		const log = server.log(envelope.channel);
		switch (envelope.type) {
			case "publish": {
				if (envelope.draft.ephemeral) {
					this.send({ type: "done", ref: envelope.ref });
					server.pass(envelope.channel, envelope.draft.data);
					return;
				}
				const answer = log.publish(this.client, envelope);
				if (server.answers(answer)) this.send(answer);
				server.fanOut(envelope.channel);
				return;
			}
			case "subscribe":
				this.#subscribe(log, envelope);
				return;
			case "unsubscribe":
				this.#leave(envelope.channel);
				this.send({ type: "done", ref: envelope.ref });
				return;
			case "credit": {
				const subscription = this.subscriptions.get(envelope.channel);
				this.#left = 0;
				if (subscription) {
					if (envelope.seq > subscription.sent) throw new Error("The client gave credit for what it was not sent.");
					subscription.unpaid = subscription.unpaid.filter(({ to }) => to > envelope.seq);
				}
				for (const channel of this.subscriptions.keys()) this.push(channel);
			}
		}
	}

	#subscribe(log: FakeLog, { ref, channel, start }: Extract<ClientEnvelope, { type: "subscribe" }>): void {
		const { epoch } = this.#server;
		const after = log.start(start, epoch);
		const { floor, head } = log;
		if (typeof after === "string") {
			this.#leave(channel);
			this.send({ type: "reset", ref, channel, reason: after, epoch, floor, head });
			return;
		}
		this.#leave(channel);
		this.subscriptions.set(channel, { sent: after, unpaid: [] });
		this.send({ type: "subscribed", ref, epoch, head, after, recovered: start.from === "position" });
		this.push(channel);
	}

	#leave(channel: string): void {
		const subscription = this.subscriptions.get(channel);
		if (subscription) this.#left += unpaidBytes(subscription);
		this.subscriptions.delete(channel);
	}

	#toClient(text: string): void {
		this.#later(() => this.#events?.received(text));
	}

	#later(action: () => void): void {
		this.#server.clock.setTimeout(() => this.#open && action(), this.#server.latency);
	}
}
