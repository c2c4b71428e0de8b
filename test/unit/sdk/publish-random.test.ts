import { expect, test } from "vitest";
import { durations } from "../../../protocol/limits.ts";
import { Random } from "../../helpers/random.ts";
import { setUp, watch } from "./helpers/setup.ts";

test("whatever is cut, lost, refused or aborted: what is acknowledged is stored once, at its seq, in order", async () => {
	let cuts = 0;
	let duplicates = 0;
	let refusals = 0;
	for (let seed = 1; seed <= 150; seed++) {
		const random = new Random(seed);
		const { clock, server, channel, aerogram } = setUp({ random: () => random.next(), inFlight: 1 + random.below(20) });
		const forbidden = new Set<unknown>();
		server.hook = (envelope) => {
			if (envelope.type !== "publish") return undefined;
			const { ref, draft } = envelope;
			// Refused for good stays refused; for now is now and then.
			const code = forbidden.has(draft.data) ? "forbidden" : random.below(40) === 0 ? "storage_full" : undefined;
			const known = server.log("chat").messages.some(({ data }) => data === draft.data);
			if (!code || known) return undefined;
			refusals += 1;
			return { type: "error", ref, code, message: "" };
		};
		const outcomes: (ReturnType<typeof watch<{ seq: number | null; duplicate: boolean }>> & { aborted?: true })[] = [];
		for (let step = 0; step < 40; step++) {
			const kind = random.below(8);
			if (kind < 4) {
				for (let more = random.below(12); more > 0; more--) {
					const controller = new AbortController();
					const data = outcomes.length;
					if (random.below(15) === 0) forbidden.add(data);
					outcomes.push(watch(channel.publish(data, { signal: controller.signal })));
					if (random.below(20) === 0) clock.setTimeout(() => controller.abort("aborted"), random.below(30));
				}
			} else if (kind === 4) {
				server.cut(random.pick([1006, 1012, 4110]));
				cuts += 1;
			} else if (kind === 5) {
				const lossy = random.below(2) === 0;
				server.answers = () => !lossy || random.below(3) > 0;
			} else server.latency = 1 + random.below(15);
			await clock.advance(random.below(60));
		}
		server.answers = () => true;
		await clock.advance(durations.answer * 20);
		const { messages } = server.log("chat");
		expect(new Set(messages.map(({ data }) => data)).size, `seed ${seed}: stored once`).toBe(messages.length);
		expect(
			messages.map(({ data }) => Number(data)),
			`seed ${seed}: in the order of the calls`,
		).toEqual(messages.map(({ data }) => Number(data)).sort((one, other) => one - other));
		for (const [data, { value, error }] of outcomes.entries()) {
			const stored = messages.find((message) => message.data === data);
			if (value) {
				expect(stored?.seq, `seed ${seed}, publish ${data}`).toBe(value.seq);
				duplicates += value.duplicate ? 1 : 0;
			} else if (error === "aborted") {
				expect(messages.filter((message) => message.data === data).length).toBeLessThanOrEqual(1);
			} else {
				expect(error, `seed ${seed}, publish ${data}`).toMatchObject({ code: "forbidden" });
				expect(stored).toBeUndefined();
			}
		}
		aerogram.close();
	}
	// The run was worth something: all of it did happen.
	expect(Math.min(cuts, duplicates, refusals)).toBeGreaterThan(100);
});
