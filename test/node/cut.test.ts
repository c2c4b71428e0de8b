import { expect, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { publishAll } from "../helpers/http.ts";
import { startProxy } from "../helpers/proxy.ts";
import { Random, seedOfRun } from "../helpers/random.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";
import { connectWire } from "../helpers/wire.ts";

const cutsWanted = Number(process.env.AEROGRAM_TEST_CUTS ?? 200);
const messages = 5_000;
const seed = seedOfRun();
const durations = { backoffBase: 5, backoffCap: 20, backoffFloor: 1, spread: 10 };

test(`${cutsWanted} cuts at random bytes lose no message of ${messages} and double none`, {
	timeout: 120_000,
}, async () => {
	const random = new Random(seed);
	const server = await startServer();
	let proxy: Awaited<ReturnType<typeof startProxy>> | undefined;
	const clients: Aerogram[] = [];
	const gaps: unknown[] = [];
	try {
		// A budget below the size of a `welcome` cuts the connection before it stands; most live a little longer.
		const cutting = await startProxy(server.url, {
			nextBudget: () => (cutting.cuts < cutsWanted ? 200 + random.below(6_000) : Number.POSITIVE_INFINITY),
		});
		proxy = cutting;
		const connect = () => {
			const client = new Aerogram(cutting.url, { durations, inFlight: 32 });
			clients.push(client);
			return client.space("cut").channel<string>("log");
		};
		const over = new AbortController();
		const subscription = connect().subscribe({
			from: "start",
			onGap: (gap) => gaps.push(gap),
			signal: over.signal,
		});
		const publish = async (number: number) => {
			const channel = connect();
			const published: Promise<unknown>[] = [];
			for (let index = 0; index < messages / 2; index++) {
				published.push(channel.publish(`${number}:${index}:${"x".repeat(random.below(200))}`));
				if (index % 16 === 0) await published.at(-1);
			}
			await Promise.all(published);
		};
		// Whoever has not got everything a while after the last publish never will.
		const publishing = Promise.all([publish(0), publish(1)]).then(() => setTimeout(() => over.abort(), 5_000));
		const seen: { seq: number; data: string }[] = [];
		try {
			for await (const message of subscription) {
				seen.push(message);
				if (seen.length === messages) break;
			}
		} catch (error) {
			if (!over.signal.aborted) throw error;
		}
		clearTimeout(await publishing);
		console.log(`seed ${seed}: ${cutting.cuts} cuts, ${seen.length} messages yielded`);
		expect(cutting.cuts).toBeGreaterThanOrEqual(cutsWanted);
		expect(seen.map((message) => message.seq)).toEqual(Array.from({ length: messages }, (_, index) => index + 1));
		expect(new Set(seen.map(({ data }) => data.split(":").slice(0, 2).join(":"))).size).toBe(messages);
		expect(gaps).toEqual([]);
	} finally {
		for (const client of clients) client.close();
		await proxy?.close();
		await server.stop();
	}
});

test("from each position of a log a resume brings exactly what follows it", async () => {
	await using server = await startServer();
	const stored = 120;
	const position = await publishAll(
		`${server.url}/v1/spaces/resume/channels/log/messages`,
		Array.from({ length: stored }, (_, index) => `${index}:${"x".repeat(500)}`),
	);
	const [epoch = ""] = position.split(":");
	const wire = await connectWire(server.url, "resume", "reader");
	for (let seq = 0; seq < stored; seq++) {
		const found: number[] = [];
		let to = seq;
		wire.onEnvelopes = (envelopes) => {
			for (const envelope of envelopes) {
				if (envelope.type !== "messages") continue;
				found.push(...envelope.entries.map((entry) => entry.seq));
				to = envelope.to;
			}
		};
		expect(await wire.ask({ t: "sub", ref: seq, ch: "log", at: { epoch, seq } })).toMatchObject({ head: stored });
		await until(() => to === stored, `what follows ${seq}`);
		expect(found).toEqual(Array.from({ length: stored - seq }, (_, index) => seq + 1 + index));
		wire.send({ t: "credit", ch: "log", seq: stored });
		await wire.ask({ t: "unsub", ref: stored + seq, ch: "log" });
	}
	wire.close();
});
