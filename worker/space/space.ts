import { DurableObject } from "cloudflare:workers";
import type { LockHold } from "../../protocol/locks.ts";
import { makeEpoch } from "../../protocol/position.ts";
import { identify } from "../auth/authenticate.ts";
import { directories } from "../directory/directories.ts";
import { durationsOf, type Env } from "../env.ts";
import { quotas, rulesOf } from "../rules.ts";
import { Admin } from "./admin.ts";
import { boundsOf } from "./admission.ts";
import type * as api from "./api.ts";
import { Beginning, tooManySpaces } from "./beginning.ts";
import { CallDesk } from "./call-desk.ts";
import { ChannelEnvelopes } from "./channel-envelopes.ts";
import { ChannelRequests } from "./channel-requests.ts";
import { Commit } from "./commit.ts";
import { Database } from "./database.ts";
import { Dispatch } from "./dispatch.ts";
import { Door } from "./door.ts";
import { FanOut } from "./fan-out.ts";
import { Listing } from "./listing.ts";
import { checkLock } from "./locks.ts";
import { logPages } from "./log-pages.ts";
import { Collections } from "./parts/collections/collections.ts";
import { Jobs } from "./parts/jobs/jobs.ts";
import { Keys } from "./parts/log/keys.ts";
import { Log } from "./parts/log/log.ts";
import { Outbox } from "./parts/outbox/outbox.ts";
import { Rights } from "./parts/rights/rights.ts";
import { Schema } from "./parts/schema/schema.ts";
import type { Session } from "./parts/sockets/session.ts";
import { Sockets } from "./parts/sockets/sockets.ts";
import { Watchers } from "./parts/watchers/watchers.ts";
import { Permits } from "./permits.ts";
import { Records } from "./records.ts";
import { Room } from "./room.ts";
import { socketHost } from "./socket-host.ts";
import { SpacePresence } from "./space-presence.ts";
import { Sweep } from "./sweep.ts";
import { Transactions } from "./transactions.ts";
import { WatchEnvelopes } from "./watch-envelopes.ts";
import { watchedCollections } from "./watched-collections.ts";

/**
 * One space: the unit of order, placement and cost. This class only wires its parts together and forwards what the
 * platform calls; it decides nothing.
 */
export class Space extends DurableObject<Env> implements api.SpaceApi {
	readonly #database: Database;
	readonly #schema: Schema;
	readonly #listing: Listing;
	readonly #beginning: Beginning;
	readonly #room: Room;
	readonly #log: Log;
	readonly #collections: Collections;
	readonly #sockets: Sockets<WebSocket>;
	readonly #outbox: Outbox;
	readonly #watchers: Watchers;
	readonly #jobs: Jobs;
	readonly #commit: Commit;
	readonly #channels: ChannelRequests;
	readonly #records: Records;
	readonly #presence: SpacePresence;
	readonly #calls: CallDesk;
	readonly #transactions: Transactions;
	readonly #sweep: Sweep;
	readonly #dispatch: Dispatch;
	readonly #door: Door;
	readonly #admin: Admin;
	readonly #durations;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#durations = durationsOf(env);
		const now = () => Date.now();
		const rules = rulesOf(this.#name);
		this.#database = new Database(ctx.storage);
		this.#schema = this.#database.transact(() => new Schema(this.#database, now, Math.random));
		this.#listing = new Listing(directories(env), this.#schema, this.#name);
		this.#beginning = new Beginning(directories(env), this.#schema, this.#name, quotas.spacesPerPrincipal);
		this.#room = new Room(this.#database, this.#schema, quotas, now);
		const room = this.#room.full;
		const makeId = () => crypto.randomUUID();
		this.#log = new Log(this.#database, now, makeId, rules.channels, room);
		const kept = { retained: this.#durations.changes, screens: rules.records, room, most: quotas.recordsPerCollection };
		this.#collections = new Collections(this.#database, now, makeId, kept);
		const counted = (channel: number) => this.#presence.subscribersChanged(channel);
		this.#outbox = new Outbox(logPages(this.#log), now, this.#durations.slow, counted);
		const host = socketHost(ctx, this.#durations, quotas, {
			left: (who) => this.#presence.left(who),
			gone: (session) => this.#gone(session),
		});
		this.#watchers = new Watchers(watchedCollections(this.#collections), now, this.#durations.slow);
		this.#sockets = new Sockets(host, now);
		this.#jobs = new Jobs(this.#database, now, {
			set: (due) => void (due === undefined ? ctx.storage.deleteAlarm() : ctx.storage.setAlarm(due)),
		});
		const tell = { send: () => this.#sockets.send(), stored: (expires?: number) => this.#stored(expires) };
		this.#commit = new Commit(this.#database, this.#log, this.#outbox, { ...tell, abort: (why) => ctx.abort(why) });
		const epoch = () => this.#schema.epoch;
		const rights = new Rights(this.#database);
		const permits = new Permits(rights, this.#name, this.#durations.leeway, now);
		// What is asked of the space is served with these; each class says which of them it needs.
		const shared = {
			database: this.#database,
			sql: this.#database,
			commit: this.#commit,
			log: this.#log,
			collections: this.#collections,
			keys: new Keys(this.#database),
			outbox: this.#outbox,
			watchers: this.#watchers,
			sockets: this.#sockets,
			jobs: this.#jobs,
			...boundsOf(quotas, this.#room, now),
			fanOut: new FanOut(this.#log, this.#outbox, this.#collections, this.#watchers),
			quotas,
			rights,
			permits,
			beginning: this.#beginning,
			schema: this.#schema,
			listing: this.#listing,
			durations: this.#durations,
			now,
			epoch,
			callScreens: rules.calls,
			checkLock: (hold: LockHold) => checkLock(this.#collections, epoch(), hold),
			makeTx: () => makeEpoch(now(), Math.random),
			members: (channel: string) => this.#presence.count(channel),
			sessions: () => this.#sockets.all(),
			flush: () => this.#flush(),
			...tell,
			drop: ({ socket }: Session) => this.#sweep.drop(socket as WebSocket),
			dropSilent: (silence: number) => this.#sweep.dropSilent(silence),
			giveUp: (reason: string) => void setTimeout(() => ctx.abort(reason), 0),
		};
		this.#sweep = new Sweep(shared);
		const channelEnvelopes = new ChannelEnvelopes(shared);
		const watchEnvelopes = new WatchEnvelopes(shared);
		this.#presence = new SpacePresence(shared);
		this.#calls = new CallDesk(shared);
		const desks = { presence: this.#presence, calls: this.#calls };
		this.#door = new Door({ ...shared, ...desks, verify: (text) => identify(text, env) });
		const handlers = [channelEnvelopes, watchEnvelopes, this.#presence, this.#calls, this.#door.auth];
		this.#dispatch = new Dispatch(handlers, permits);
		this.#channels = new ChannelRequests(shared);
		this.#records = new Records(shared);
		this.#transactions = new Transactions({ ...shared, records: this.#records });
		this.#admin = new Admin({ ...shared, ...desks, records: this.#records });
		const sessions = this.#sockets.restore();
		channelEnvelopes.start(sessions);
		for (const session of sessions) watchEnvelopes.restore(session);
		this.#presence.start(sessions);
		this.#sockets.send();
	}

	// --- sockets ---------------------------------------------------------------------------------------------------

	/** Takes a socket over. */
	override async fetch(request: Request): Promise<Response> {
		return this.#door.open(request);
	}

	override webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): void {
		const session = this.#sockets.of(socket);
		if (session) this.#take(session, frame);
	}

	async frame({ text, ...connection }: api.FrameRequest): Promise<"taken" | "replaced" | "not_found"> {
		const session = this.#sockets.find(connection);
		if (session === undefined || session === "replaced") return session ?? "not_found";
		this.#take(session, text);
		return "taken";
	}

	override webSocketClose(socket: WebSocket, code: number): void {
		this.#flush();
		this.#sockets.remove(socket);
		// The runtime does not answer a close by itself. Of the codes that a client may send, only its own may be repeated:
		// the others are reserved (RFC 6455, section 7.4), and the runtime throws at some of them.
		socket.close(code >= 3000 && code < 5000 ? code : 1000);
	}

	override webSocketError(socket: WebSocket): void {
		this.#sockets.remove(socket);
	}

	#take(session: Session, frame: string | ArrayBuffer): void {
		this.#sockets.heard(session);
		this.#dispatch.frame(session, frame);
		this.#sockets.send();
	}

	// --- what the Worker asks --------------------------------------------------------------------------------------

	async publish(request: api.PublishRequest) {
		if (!(await this.#beginning.admits(request))) return tooManySpaces;
		return this.#channels.publish(request);
	}

	async history(request: api.HistoryRequest): Promise<api.HistoryPage | api.Refusal> {
		return this.#channels.history(request);
	}

	async channel(name: string) {
		return this.#channels.channel(name);
	}

	async channels(after: string, limit: number): Promise<readonly string[]> {
		return this.#channels.channels(after, limit);
	}

	async purge(name: string) {
		return this.#channels.purge(name);
	}

	async writeRecord(request: api.RecordWriteRequest) {
		if (!(await this.#beginning.admits(request))) return tooManySpaces;
		this.#commit.flush();
		return this.#records.write(request);
	}

	async readRecord(key: { collection: string; id: string }) {
		return this.#records.read(key);
	}

	async records(request: api.RecordPageRequest) {
		return this.#records.page(request);
	}

	async collections(after: string, limit: number) {
		return this.#records.list(after, limit);
	}

	async transact(request: api.TransactionRequest) {
		if (!(await this.#beginning.admits(request))) return tooManySpaces;
		return this.#transactions.run(request);
	}

	async calls(ask: api.CallAsk) {
		if (ask.kind === "call" && !(await this.#beginning.admits(ask))) return tooManySpaces;
		return this.#calls.ask(ask);
	}

	async members(request: api.MemberPageRequest) {
		return this.#presence.page(request);
	}

	async revoke(revocation: api.Revocation): Promise<void> {
		this.#admin.revoke(revocation);
	}

	async erase(request: api.EraseRequest) {
		return this.#admin.erase(request);
	}

	async info(): Promise<api.SpaceInfo> {
		return { name: this.#name, epoch: this.#schema.epoch, sockets: this.#sockets.count, ...this.#database.usage };
	}

	async wipe(): Promise<api.SpaceInfo> {
		this.#admin.wipe();
		return this.info();
	}

	// --- later -----------------------------------------------------------------------------------------------------

	override alarm(): void {
		this.#commit.flush();
		const stored = { ...this.#channels.jobs, ...this.#records.jobs };
		const live = { ...this.#sweep.jobs, ...this.#presence.jobs, ...this.#calls.jobs, ...this.#door.auth.jobs };
		this.#jobs.run({ ...stored, ...live }, this.#durations.sweep);
		this.#sockets.send();
	}

	#flush(): void {
		this.#commit.flush();
		this.#calls.flush();
	}

	#gone(session: Session): void {
		this.#outbox.remove(session);
		this.#watchers.remove(session);
		this.#presence.remove(session);
		// Not within whatever closed it: what it had in hand is handed on, which is stored.
		setTimeout(() => this.#calls.gone(session), 0);
	}

	/** Something was stored; `expires`: when the first message of it is too old, in milliseconds since 1970. */
	#stored(expires = Number.POSITIVE_INFINITY): void {
		if (expires < Number.POSITIVE_INFINITY) this.#jobs.by("trim", expires);
		this.#jobs.ensure("sweep", Date.now() + this.#durations.sweep);
		this.#room.written();
		this.#listing.stored();
	}

	get #name(): string {
		return this.ctx.id.name ?? this.ctx.id.toString();
	}
}
