import { kept } from "./engine.ts";
import type { Model } from "./model.ts";
import type { Real } from "./real.ts";
import { count, type StepKind, same } from "./step.ts";

/** The names that the steps draw from: few, so that they meet. */
export const channels = ["one", "two", "three"];

export function channelOf(number: number): string {
	return channels[number % channels.length] ?? "one";
}

async function publishSome(model: Model, real: Real, program: number, channel: string, times: number): Promise<void> {
	for (let time = 0; time < times; time++) {
		const value = real.value();
		const { seq } = await real.ask(program, ({ space }) => space.channel<string>(channel).publish(value));
		same(seq, model.publish(channel, value), `the seq of ${value} in ${channel}`);
	}
}

/** What is done with channels. */
export const channelSteps: readonly StepKind[] = [
	{
		name: "publish",
		weight: 4,
		make: (a, b) => async (model, real) => {
			await publishSome(model, real, a, channelOf(b), 1);
		},
	},
	{
		name: "race",
		weight: 1,
		make: (a, b, c) => async (model, real) => {
			const channel = channelOf(b);
			const head = model.channel(channel).values.length;
			const publish = async (program: number) => {
				const values = Array.from({ length: 1 + (c % 5) }, () => real.value());
				const put = (value: string) => real.ask(program, ({ space }) => space.channel<string>(channel).publish(value));
				const published = await Promise.all(values.map(put));
				return published.map(({ seq }, index) => ({ seq: seq ?? 0, value: values[index] ?? "" }));
			};
			const both = await Promise.all([publish(a), publish(a + 1)]);
			for (const own of both) {
				const seqs = own.map(({ seq }) => seq);
				same(
					seqs,
					seqs.toSorted((x, y) => x - y),
					"the order of one program's publishes",
				);
			}
			const all = both.flat().sort((x, y) => x.seq - y.seq);
			same(
				all.map(({ seq }) => seq),
				all.map((_, index) => head + 1 + index),
				"the seqs of a race",
			);
			for (const { value } of all) model.publish(channel, value);
		},
	},
	{
		name: "lose an ack",
		weight: 2,
		make: (a, b) => async (model, real) => {
			const [channel, value] = [channelOf(b), real.value()];
			const publish = () => real.ask(a, ({ space }) => space.channel<string>(channel).publish(value));
			const { seq } = await real.program(a).line.losing(publish);
			same(seq, model.publish(channel, value), `the seq of ${value}, whose ack was lost`);
		},
	},
	{
		name: "publish if",
		weight: 1,
		make: (a, b, c) => async (model, real) => {
			const [channel, value] = [channelOf(b), real.value()];
			const head = model.channel(channel).values.length;
			const expected = head + (c % 3) - 1;
			const path = `/v1/spaces/${real.space}/channels/${channel}/messages`;
			const headers = { "if-match": `"${real.epochs.at(-1)}:${Math.max(0, expected)}"` };
			const http = real.program(a).client.http;
			const answer = http.post<{ seq: number }>(path, { json: { data: value }, headers });
			const seq = await answer.then(
				({ data }) => data.seq,
				(error: { code?: string }) => error.code,
			);
			const holds = Math.max(0, expected) === head;
			same(seq, holds ? model.publish(channel, value) : "condition_failed", `a publish if the head is ${expected}`);
		},
	},
	{
		name: "subscribe",
		weight: 2,
		make: (a, b, c) => async (model, real) => {
			const channel = channelOf(b);
			const last = c % 7;
			const from = (["start", "live", { last }] as const)[c % 3] ?? "live";
			const { start } = await real.watch(a, channel, from);
			const mine = model.channel(channel);
			// What is published trims, too: where it all starts is the server's to say, as long as it only goes on.
			if (from === "start") {
				same(start.seq >= mine.floor - 1, true, `the start goes on from ${mine.floor - 1} to ${start.seq}`);
				mine.floor = start.seq + 1;
			}
			const wanted = { start: mine.floor - 1, live: mine.values.length }[String(from)] ?? mine.values.length - last;
			const seq = Math.max(mine.floor - 1, wanted);
			same(start, { life: model.number, seq }, `where a subscription from ${JSON.stringify(from)} starts`);
		},
	},
	{
		name: "unsubscribe",
		weight: 2,
		make: (a) => async (model, real) => {
			const [watcher] = real.watchers.splice(a % Math.max(1, real.watchers.length), 1);
			if (!watcher) return;
			watcher.subscription.unsubscribe();
			const mark = watcher.subscription.position;
			if (!mark) throw new Error("a subscription has no position");
			real.marks.push({ channel: watcher.channel, ...mark });
			// What it was given until then must be right, but for its end.
			const fault = real.fault(model, watcher);
			same(fault?.startsWith("#") ? fault : undefined, undefined, "what a subscription was given before it ended");
		},
	},
	{
		name: "resume",
		// Somewhat more than a fifth of them has something to replay, of which 500 runs are to meet a thousand, whatever is drawn.
		weight: 8,
		make: (a, b, c) => async (model, real, counts) => {
			// One of the last: older ones are from before a wipe more often than not.
			const mark = real.marks.at(-1 - (c % 3)) ?? real.marks.at(-1);
			if (!mark) return;
			if (b % 4 > 0) await publishSome(model, real, a + 1, mark.channel, 1 + (b % 4));
			const { channel, ...position } = mark;
			const place = real.placeOf(position);
			const { values, floor } = model.channel(channel);
			const stands = place.life === model.number && place.seq >= floor - 1;
			if (stands && place.seq < values.length) count(counts, "resumed with something to replay");
			if (!stands) count(counts, "resumed where something is gone");
			await real.watch(a, channel, position);
		},
	},
	{
		name: "trim",
		weight: 1,
		make: (a, b) => async (model, real) => {
			const channel = channelOf(b);
			const path = `/v1/spaces/${real.space}/channels/${channel}`;
			const values = Array.from({ length: 20 + (a % 30) }, () => real.value(50));
			await real.http().post(`${path}/messages`, { json: values.map((data) => ({ data })) });
			for (const value of values) model.publish(channel, value);
			const { data: body } = await real.http().get<{ floor: number; head: number }>(path);
			const mine = model.channel(channel);
			same(body.head, mine.values.length, "the head after a trim");
			same(body.floor >= mine.floor, true, `the floor goes on from ${mine.floor} to ${body.floor}`);
			const retained = body.head - body.floor + 1;
			same(retained <= kept.most, true, `${retained} are retained`);
			same(retained >= Math.min(kept.messages, mine.values.length - mine.floor + 1), true, `${retained} are retained`);
			mine.floor = body.floor;
		},
	},
	{
		name: "purge",
		weight: 1,
		make: (_a, b) => async (model, real) => {
			await real.http().delete(`/v1/spaces/${real.space}/channels/${channelOf(b)}`);
			model.purge(channelOf(b));
		},
	},
	{
		name: "read",
		weight: 1,
		make: (a, b) => async (model, real) => {
			const channel = channelOf(b);
			const page = await real.program(a).space.channel<string>(channel).history({ limit: 1_000 });
			const { values, floor } = model.channel(channel);
			// Races and publishes trim, too: the floor is the server's to say, the rest is not.
			same(page.floor >= floor, true, `the floor goes on from ${floor} to ${page.floor}`);
			model.channel(channel).floor = page.floor;
			same(page.head, values.length, "the head");
			same(
				page.messages.map(({ data }) => data),
				values.slice(page.floor - 1),
				`what ${channel} retains`,
			);
		},
	},
];
