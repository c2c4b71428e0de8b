import type { Durations } from "../../protocol/limits.ts";
import { failureLine } from "../../protocol/log.ts";
import type { Database } from "./database.ts";
import type { Calls } from "./parts/calls/calls.ts";
import type { Jobs } from "./parts/jobs/jobs.ts";
import type { Session } from "./parts/sockets/session.ts";

/** One thing to do with calls. */
export interface CallStep<Value> {
	/** Runs inside the transaction. */
	readonly work: () => Value;
	/** Called once the transaction stands; it may write to a session, never to storage. */
	readonly done: (value: Value) => void;
}

/** What the work of calls needs of the space. */
export interface CallWorkHost {
	readonly database: Pick<Database, "transact">;
	readonly calls: Calls;
	readonly jobs: Jobs;
	readonly durations: Durations;
	readonly now: () => number;
	/** All sockets that stand. */
	sessions(): readonly Session[];
	/** Sends what was written to all sockets. */
	send(): void;
	/** Called after something was stored. */
	stored(): void;
	/** Gives up the sockets whose clients gave no sign of life for so many milliseconds. */
	dropSilent(silence: number): void;
}

interface Queued {
	readonly run: () => void;
	readonly tell: () => void;
	readonly fail: () => void;
}

/**
 * Runs what changes calls: what came on sockets at the next tick of the event loop, all of it in one transaction; then all
 * who are concerned are told, one frame a socket.
 */
export class CallWork {
	readonly #host: CallWorkHost;
	#queue: Queued[] = [];

	constructor(host: CallWorkHost) {
		this.#host = host;
	}

	/** Queues a step, for the reasons that `Commit.add` gives. Where it cannot be stored, `ref` is answered `internal`. */
	later<Value>({ work, done }: CallStep<Value>, session: Session, ref: number | undefined): void {
		if (this.#queue.length === 0) setTimeout(() => this.flush(), 0);
		let value: { readonly is: Value } | undefined;
		this.#queue.push({
			run: () => {
				value = { is: work() };
			},
			tell: () => value && done(value.is),
			fail: () => session.refuse(ref, internal),
		});
	}

	/** Does everything queued. Called before anything that reads, so that no one sees a state before its own writes. */
	flush(): void {
		const queue = this.#queue;
		if (queue.length === 0) return;
		this.#queue = [];
		try {
			this.#transact(
				() => {
					for (const { run } of queue) run();
				},
				() => {
					for (const { tell } of queue) tell();
				},
			);
		} catch (error) {
			console.error(failureLine("calls", error));
			for (const { fail } of queue) fail();
		}
		this.#host.send();
	}

	/** Does one thing at once, after everything queued. */
	now<Value>(work: () => Value): Value {
		this.flush();
		const value = this.#transact(work);
		this.#host.send();
		return value;
	}

	/** A socket serves some services no longer, and has nothing of them in hand any more. */
	dismiss(session: Session, services: readonly string[]): void {
		this.now(() => {
			for (const service of services) this.#host.calls.dismiss(session, service);
		});
	}

	/** A socket is gone. */
	gone(session: Session): void {
		const { serves = [], holds = [] } = session.kept;
		// Nobody who is not known here is missed.
		const known = this.#host.calls.restored || this.#queue.length > 0 || serves.length > 0 || holds.length > 0;
		if (!known) return;
		this.flush();
		try {
			this.#transact(() => this.#host.calls.gone(session), undefined, session);
		} catch (error) {
			// What it had in hand is found in nobody's hands, and goes to the next server.
			console.error(failureLine("calls", error));
		}
	}

	/** The job that looks at deadlines and at who is gone; returns when it is due again. */
	expire(): number | undefined {
		const { calls, durations, dropSilent } = this.#host;
		if (this.now(() => calls.busy)) dropSilent(1.2 * durations.ping + durations.pong);
		return this.now(() => calls.expire());
	}

	/** The job that drops old results; returns when it is due again. */
	forget(): number | undefined {
		const { calls, durations, now } = this.#host;
		const next = this.now(() => calls.forget());
		// Looking for them reads all calls, and nobody waits for it.
		return next === undefined ? undefined : Math.max(next, now() + durations.sweep);
	}

	/** Everything is gone: the space was wiped. */
	clear(): void {
		this.#queue = [];
		this.#host.calls.clear();
	}

	/** `gone`: a socket that stands no longer, and whose calls it was that were handed to it. */
	#transact<Value>(work: () => Value, told?: () => void, gone?: Session): Value {
		const { calls, database, durations, jobs, now, sessions, stored } = this.#host;
		try {
			const value = database.transact(() => {
				if (!calls.restored) calls.restore([...new Set([...sessions(), ...(gone ? [gone] : [])])]);
				return work();
			});
			told?.();
			const due = calls.apply();
			if (due !== undefined) {
				jobs.by("calls", due);
				jobs.ensure("results", now() + durations.callKept);
				stored();
			}
			return value;
		} catch (error) {
			// What was read in the meantime may never have been stored.
			calls.clear();
			throw error;
		}
	}
}

const internal = {
	code: "internal",
	message: "The server failed; nothing of this was stored. Send it again.",
} as const;
