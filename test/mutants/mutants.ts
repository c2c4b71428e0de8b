import type { Edit } from "../helpers/edited-build.ts";

/** A change to one source file that takes one guarantee away. */
export interface Mutant {
	/** What the broken build does. */
	readonly name: string;
	/** The guarantee that it breaks, in a word. */
	readonly breaks: string;
	readonly edits: readonly Edit[];
	/** The test that must go red, and how much of it is enough. */
	readonly test: string;
	/** Only the tests of that file whose names hold this. Default: all. */
	readonly named?: string;
	readonly env: Readonly<Record<string, string>>;
}

const commit = "worker/space/commit.ts";
const kill = { test: "test/node/kill.test.ts", env: { AEROGRAM_TEST_KILLS: "2" } };
const passing = { test: "test/node/http-ephemeral.test.ts", env: {} };
const presence = {
	test: "test/node/presence.test.ts",
	named: "who closes its client has left after the grace",
	env: {},
};
const live = {
	test: "test/soak/live-collections.test.ts",
	env: { AEROGRAM_TEST_RECORDS: "1000", AEROGRAM_TEST_SECONDS: "2", AEROGRAM_TEST_KILLS: "0" },
};
const authority = { test: "test/node/rights.test.ts", env: {} };
const calls = { test: "test/node/http-calls.test.ts", env: {} };

/** One mutant, or two, for each promise that the tests named here hold. */
export const mutants: readonly Mutant[] = [
	{
		name: "acknowledges a publish when it is queued, and stores it 30 ms later",
		breaks: "durable before ack",
		edits: [
			{
				file: commit,
				find: "if (this.#queue.length === 0) setTimeout(() => this.flush(), 0);\n\t\tthis.#queue.push(pending);",
				replace: `if (this.#queue.length === 0) setTimeout(() => this.flush(), 30);
					const { channel } = pending.append;
					const before = this.#queue.filter((each) => each.append.channel === channel).length;
					const first = this.#log.channel(channel).head + 1 + before;
					this.#queue.push({ append: pending.append, done: () => {} });
					pending.done({ ok: true, first, count: 1, duplicate: false });
					this.#host.send();`,
			},
		],
		...kill,
	},
	{
		// As late as an answer may be on its way to its publisher, or a kill could meet nothing that is not stored.
		name: "sends answers and messages before the transaction that stores them",
		breaks: "durable before ack",
		edits: [
			{
				file: commit,
				find: "const queue = this.#queue;\n\t\tif (queue.length === 0) return;",
				replace:
					"const late = this as { late?: boolean };\nconst queue = this.#queue;\nif (late.late || queue.length === 0) return;",
			},
			{
				file: commit,
				find: "const appended = this.#broken ? undefined : this.#store(queue);",
				replace: `let early: ReturnType<Log["append"]> | undefined;
					try {
						this.#database.transact(() => {
							early = this.#log.append(queue.map((pending) => pending.append));
							throw new Error("not yet");
						});
					} catch {}
					for (const [index, pending] of queue.entries()) pending.done(early?.outcomes[index] ?? internal);
					for (const added of early?.added ?? []) this.#outbox.publish(added);
					this.#host.send();
					late.late = true;
					setTimeout(() => {
						late.late = false;
						this.#store(queue)?.apply();
						this.flush();
					}, 80);
					if (late.late) return;
					const appended = this.#store([]);`,
			},
		],
		...kill,
	},
	{
		name: "stores the messages of a transaction when it answers, and its records 30 ms later",
		breaks: "transactions",
		edits: [
			{
				file: "worker/space/transactions.ts",
				find: "const stored = this.#store(request);",
				replace: `const apart = (op: string) => ({ ...request, items: items.filter((item) => item.op === op) });
					const stored = this.#store(apart("publish"));
					setTimeout(() => {
						const rest = this.#store(apart("write"));
						if (!(rest instanceof Undone)) this.#tell(rest);
					}, 30);`,
			},
		],
		test: "test/node/transactions-kill.test.ts",
		env: {},
	},
	{
		name: "does not look whether a publish was stored before",
		breaks: "effectively once",
		edits: [
			{
				file: "worker/space/parts/log/log.ts",
				find: "const earlier = earlierOutcome(asked, channel, this.#keys, now);",
				replace: "const earlier = undefined as Outcome | undefined;",
			},
		],
		...kill,
	},
	{
		name: "resumes one message too late",
		breaks: "resume",
		edits: [
			{
				file: "worker/space/parts/log/segments.ts",
				find: "for (let seq = run.after; seq < after; seq++)",
				replace: "for (let seq = run.after; seq <= after && seq < run.to - 1; seq++)",
			},
		],
		// What random cuts meet is left to chance; this resumes everywhere.
		test: "test/node/cut.test.ts",
		named: "from each position of a log",
		env: {},
	},
	{
		name: "sends on to who gives no credit",
		breaks: "slow readers",
		edits: [
			{
				file: "worker/space/window.ts",
				find: "return this.#outstanding < this.#most;",
				replace: "return this.#outstanding < this.#most || this.#most > 0;",
			},
		],
		test: "test/node/bad-clients.test.ts",
		named: "costs the server no memory",
		env: {},
	},
	{
		name: "stores an ephemeral message like any other",
		breaks: "ephemeral",
		edits: [
			{
				file: "worker/space/ephemeral.ts",
				find: 'draft.ephemeral === true || kind === "ephemeral" ? ephemeral : stored;',
				replace: "stored;",
			},
		],
		...passing,
	},
	{
		name: "delivers an ephemeral message before what was stored ahead of it",
		breaks: "ephemeral",
		edits: [
			{
				file: commit,
				find: "for (const added of appended.added) this.#outbox.publish(added);",
				replace:
					"queueMicrotask(() => { for (const added of appended.added) this.#outbox.publish(added); this.#host.send(); });",
			},
			{
				file: "worker/space/parts/outbox/outbox.ts",
				find: "if (subscription.sent === head) subscription.pass(envelope);",
				replace: "subscription.pass(envelope);",
			},
		],
		...passing,
	},
	{
		name: "tells in a snapshot what was written since it began, and tells it once more after it",
		breaks: "records",
		edits: [
			{
				file: "worker/space/watched-collections.ts",
				find: "const range = { ...span, after: id, until: rev };",
				replace: "const range = { ...span, after: id, until: rev + 1_000_000 };",
			},
		],
		...live,
	},
	{
		name: "leaves out the first change after a snapshot, and says that it accounts for it",
		breaks: "records",
		edits: [
			{
				file: "worker/space/parts/watchers/watchers.ts",
				find: "const changes = this.#collections.changes(selector, rev, size);",
				replace: "const changes = this.#collections.changes(selector, Math.min(rev + 1, this.#headOf(watch)), size);",
			},
		],
		...live,
	},
	{
		name: "goes on with an event stream one message too late",
		breaks: "event streams",
		edits: [
			{
				file: "worker/streams/channel-stream.ts",
				find: 'return { start: { from: "position", ...position.value }, strict: false };',
				replace: `const { epoch, seq } = position.value;
					return { start: { from: "position", epoch, seq: seq + 1 }, strict: false };`,
			},
		],
		test: "test/node/event-source.test.ts",
		env: {},
	},
	{
		name: "lets a membership stand although its client is gone",
		breaks: "presence",
		edits: [
			{
				file: "worker/space/parts/presence/presence.ts",
				find: "this.endNow(gone.filter(({ due }) => due <= now));",
				replace: "",
			},
		],
		...presence,
	},
	{
		name: "ends a membership as soon as its client is gone",
		breaks: "presence",
		edits: [
			{
				file: "worker/space/parts/presence/presence.ts",
				find: "const due = this.#host.now() + this.#host.durations.grace;",
				replace: "const due = this.#host.now();",
			},
		],
		...presence,
	},
	{
		name: "stores the last reply to a call, not the first",
		breaks: "calls",
		edits: [
			{
				file: "worker/space/parts/calls/calls.ts",
				find: "if (!call) return this.#rows.result(id) ? { ok: true, duplicate: true } : unknown;\n\t\tconst screened",
				replace: `if (!call) {
					if (!this.#rows.result(id)) return unknown;
					this.#rows.finish(id, data, failed, this.#now() + this.#durations.callKept);
					return { ok: true, duplicate: true };
				}
				const screened`,
			},
		],
		...calls,
	},
	{
		name: "never hands on a call whose server has lost it",
		breaks: "calls",
		edits: [
			{
				file: "worker/space/parts/calls/board.ts",
				find: "this.#queues.set(call.service, new Set([call, ...(this.#queues.get(call.service) ?? [])]));",
				replace: "",
			},
		],
		...calls,
	},
	{
		name: "resumes from any position for who may only subscribe",
		breaks: "authority",
		edits: [
			{
				file: "worker/space/channel-envelopes.ts",
				find: 'if ("reset" in located || located.after >= this.#oldest(session, channel)) return located;',
				replace: "if (located) return located;",
			},
		],
		...authority,
		named: "what is young",
	},
	{
		name: "lets a socket stand although its token has ended",
		breaks: "authority",
		edits: [
			{
				file: "worker/space/permits.ts",
				find: "if (this.endOf(session) > this.#now()) return undefined;",
				replace: "if (session.kept.authority) return undefined;",
			},
		],
		...authority,
		named: "ends with its token",
	},
];
