import { DurableObject } from "cloudflare:workers";
import config from "../../aerogram.config.ts";
import { encodeServer } from "../../protocol/codec/envelope.ts";
import { limits } from "../../protocol/limits.ts";
import { shardOf } from "../directory/api.ts";
import { durationsOf, type Env } from "../env.ts";
import type {
	ChannelInfo,
	HistoryPage,
	HistoryRequest,
	Published,
	PublishRequest,
	Refusal,
	SpaceApi,
	SpaceInfo,
} from "./api.ts";
import { Commit } from "./commit.ts";
import { Database } from "./database.ts";
import { Dispatch } from "./dispatch.ts";
import { history } from "./history.ts";
import { Jobs } from "./parts/jobs/jobs.ts";
import { Log } from "./parts/log/log.ts";
import { Outbox } from "./parts/outbox/outbox.ts";
import { Schema } from "./parts/schema/schema.ts";
import { Sockets } from "./parts/sockets/sockets.ts";
import { storedDraft } from "./stored-draft.ts";

/** The parts of the protocol this server speaks, told in `welcome`. */
const features = ["channels", "credit", "dedup", "resume", "if-seq"] as const;

/**
 * One space: the unit of order, placement and cost. This class only wires its parts together and forwards what the
 * platform calls; it decides nothing.
 */
export class Space extends DurableObject<Env> implements SpaceApi {
	readonly #database: Database;
	readonly #schema: Schema;
	readonly #log: Log;
	readonly #sockets: Sockets<WebSocket>;
	readonly #outbox: Outbox;
	readonly #jobs: Jobs;
	readonly #commit: Commit;
	readonly #dispatch: Dispatch;
	readonly #durations;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#durations = durationsOf(env);
		const now = () => Date.now();
		this.#database = new Database(ctx.storage);
		this.#schema = this.#database.transact(() => new Schema(this.#database, now, Math.random));
		this.#log = new Log(this.#database, now, () => crypto.randomUUID());
		const pages = {
			head: (channel: { name: string }) => this.#log.channel(channel.name).head,
			page: (channel: { name: string }, after: number) =>
				this.#log.page(this.#log.channel(channel.name), after, limits.pageBytes),
		};
		this.#outbox = new Outbox(pages, now, this.#durations.slow);
		const host = {
			accept: (socket: WebSocket) => ctx.acceptWebSocket(socket),
			all: () => ctx.getWebSockets(),
			lastPing: (socket: WebSocket) => ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null,
		};
		this.#sockets = new Sockets(host, now);
		this.#jobs = new Jobs(this.#database, now, { set: (due) => this.#setAlarm(due) });
		this.#commit = new Commit(this.#database, this.#log, this.#outbox, {
			send: () => this.#sockets.send(),
			stored: () => this.#list(),
			abort: (reason) => ctx.abort(reason),
		});
		this.#dispatch = new Dispatch(this.#commit, this.#log, this.#outbox, () => this.#schema.epoch);
		ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
		for (const { session, channels } of this.#sockets.restore()) {
			for (const number of channels) {
				const channel = this.#log.byNumber(number);
				if (channel) this.#outbox.resume(session, channel);
			}
		}
	}

	// --- sockets ---------------------------------------------------------------------------------------------------

	/** Takes a socket over. The Worker has checked who is there: `x-aerogram-principal`, and `?client=`. */
	override async fetch(request: Request): Promise<Response> {
		if (this.#sockets.full) return new Response(null, { status: 503 });
		const { 0: theirs, 1: ours } = new WebSocketPair();
		const connection = crypto.randomUUID();
		const principal = request.headers.get("x-aerogram-principal") ?? "";
		const client = new URL(request.url).searchParams.get("client") ?? connection;
		const { session, replaced } = this.#sockets.accept(ours, { principal, client, connection });
		if (replaced) this.#outbox.remove(replaced);
		const { epoch } = this.#schema;
		const greeting = config.greeting ?? "Welcome to Aerogram";
		session.write(encodeServer({ type: "welcome", greeting, epoch, connection, limits, features }));
		this.#sockets.send();
		this.#jobs.ensure("sweep", Date.now() + this.#durations.sweep);
		const protocol = request.headers.get("sec-websocket-protocol")?.split(",", 1)[0]?.trim();
		const headers = protocol ? { "sec-websocket-protocol": protocol } : {};
		return new Response(null, { status: 101, webSocket: theirs, headers });
	}

	override webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): void {
		const session = this.#sockets.of(socket);
		if (session) this.#dispatch.frame(session, frame);
		this.#sockets.send();
	}

	override webSocketClose(socket: WebSocket, code: number): void {
		this.#commit.flush();
		this.#forget(socket);
		// The runtime does not answer a close by itself. Of the codes that a client may send, only its own may be repeated:
		// the others are reserved (RFC 6455, section 7.4), and the runtime throws at some of them.
		socket.close(code >= 3000 && code < 5000 ? code : 1000);
	}

	override webSocketError(socket: WebSocket): void {
		this.#forget(socket);
	}

	// --- what the Worker asks --------------------------------------------------------------------------------------

	publish(request: PublishRequest): Promise<Published | Refusal> {
		const { epoch } = this.#schema;
		const { drafts, ifEpoch, ...append } = request;
		if (ifEpoch !== undefined && ifEpoch !== epoch) {
			const { floor, head } = this.#log.channel(request.channel);
			const message = `The channel's head is ${epoch}:${head}.`;
			return Promise.resolve({ ok: false, code: "condition_failed", message, state: { epoch, floor, head } });
		}
		return new Promise((resolve) => {
			this.#commit.add({
				append: { ...append, drafts: drafts.map(storedDraft) },
				done: (outcome) => {
					if (outcome.ok) return resolve({ ...outcome, epoch });
					const { floor, head } = this.#log.channel(request.channel);
					resolve({ ok: false, code: outcome.code, message: outcome.message, state: { epoch, floor, head } });
				},
			});
		});
	}

	async history(request: HistoryRequest): Promise<HistoryPage | Refusal> {
		this.#commit.flush();
		return history(this.#log, this.#schema.epoch, request);
	}

	async channel(name: string): Promise<ChannelInfo> {
		this.#commit.flush();
		const { kind, floor, head } = this.#log.channel(name);
		return { name, kind, epoch: this.#schema.epoch, floor, head };
	}

	async channels(after: string, limit: number): Promise<readonly string[]> {
		this.#commit.flush();
		return this.#log.names(after, limit);
	}

	async info(): Promise<SpaceInfo> {
		const bytes = this.#database.size();
		const { rowsWritten } = this.#database;
		return { name: this.#name, epoch: this.#schema.epoch, sockets: this.#sockets.count, bytes, rowsWritten };
	}

	async purge(name: string): Promise<ChannelInfo> {
		this.#commit.flush();
		const channel = this.#log.channel(name);
		if (channel.number !== 0) {
			const purged = this.#database.transact(() => this.#log.purge(channel, Date.now()));
			this.#log.set(purged);
			const { floor, head } = purged;
			const { epoch } = this.#schema;
			const reset = encodeServer({ type: "reset", channel: name, reason: "purged", epoch, floor, head });
			const receivers = new Set(this.#outbox.end(channel.number, reset));
			for (const session of this.#sockets.all()) {
				if (receivers.has(session)) session.remember(this.#outbox.channelsOf(session));
			}
			this.#sockets.send();
		}
		return this.channel(name);
	}

	async wipe(): Promise<SpaceInfo> {
		this.#commit.flush();
		this.#database.transact(() => this.#schema.wipe());
		this.#log.clear();
		this.#jobs.clear();
		for (const session of this.#sockets.all()) {
			this.#outbox.remove(session);
			session.close("wiped");
		}
		return this.info();
	}

	// --- later -----------------------------------------------------------------------------------------------------

	override alarm(): void {
		this.#commit.flush();
		this.#jobs.run({ sweep: () => this.#sweep() }, this.#durations.sweep);
	}

	/** Takes off sockets that are dead or stuck, and drops expired keys. Comes back while there is anything to sweep. */
	#sweep(): number | undefined {
		for (const socket of this.#sockets.silent(2 * (this.#durations.ping + this.#durations.pong))) {
			this.#forget(socket);
			socket.close(1001);
		}
		this.#outbox.closeStuck();
		const more = this.#log.sweep() || this.#sockets.count > 0;
		return more ? Date.now() + this.#durations.sweep : undefined;
	}

	#forget(socket: WebSocket): void {
		const session = this.#sockets.remove(socket);
		if (session) this.#outbox.remove(session);
	}

	/** Tells the Directory of this space, once, after its first write. Not waited for: no publish depends on it. */
	#list(): void {
		this.#jobs.ensure("sweep", Date.now() + this.#durations.sweep);
		if (this.#listing) return;
		this.#listing = true;
		if (this.#schema.listed) return;
		const directory = this.env.DIRECTORY.get(this.env.DIRECTORY.idFromName(shardOf(this.#name)));
		directory.add(this.#name).then(
			() => this.#schema.markListed(),
			() => {
				this.#listing = false;
			},
		);
	}

	#listing = false;

	get #name(): string {
		return this.ctx.id.name ?? this.ctx.id.toString();
	}

	#setAlarm(due: number | undefined): void {
		void (due === undefined ? this.ctx.storage.deleteAlarm() : this.ctx.storage.setAlarm(due));
	}
}
