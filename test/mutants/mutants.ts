/** A change to one source file that takes one guarantee away. */
export interface Mutant {
	/** What the broken build does. */
	readonly name: string;
	/** The guarantee that it breaks, in a word. */
	readonly breaks: string;
	readonly edits: readonly {
		readonly file: string;
		/** Must occur exactly once, so that a mutant cannot silently stop being one. */
		readonly find: string;
		readonly replace: string;
	}[];
	/** The test that must go red, and how much of it is enough. */
	readonly test: string;
	readonly env: Readonly<Record<string, string>>;
}

const commit = "worker/space/commit.ts";
const kill = { test: "test/node/kill.test.ts", env: { AEROGRAM_TEST_KILLS: "4" } };
const cut = { test: "test/node/cut.test.ts", env: { AEROGRAM_TEST_CUTS: "200" } };

/** One mutant for each promise that the kill and the cut test hold. */
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
					}, 20);
					if (late.late) return;
					const appended = this.#store([]);`,
			},
		],
		...kill,
	},
	{
		name: "does not look whether a publish was stored before",
		breaks: "effectively once",
		edits: [
			{
				file: "worker/space/parts/log/log.ts",
				find: "const earlier = this.#producerOutcome(append, channel) ?? this.#keyOutcome(append, now);",
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
		...cut,
	},
];
