import { expect, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { buildEdited, editChannels } from "../helpers/edited-build.ts";
import { type Ack, type Entry, flawless, judge } from "../helpers/ledger.ts";
import { startProxy } from "../helpers/proxy.ts";
import { Random, seedOfRun } from "../helpers/random.ts";
import { readLog } from "../helpers/read-log.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

const kills = Number(process.env.AEROGRAM_TEST_KILLS ?? 20);
const publishers = 8;
const windowSize = 32;
const acksBetweenKills = 1_000;
const seed = seedOfRun();
/** Reconnecting quickly makes more kills fit; what is waited for an answer stays as shipped. */
const durations = { backoffBase: 20, backoffCap: 150, backoffFloor: 10, spread: 100 };

/** A hundred kills come to more messages than a channel retains. A mutant, with its build of its own, has few. */
function buildKeepingAll(): Promise<string> {
	return buildEdited([editChannels('"log": { retention: { messages: Infinity, bytes: Infinity } }')]);
}

test(`${kills} kill -9 of the whole process group lose no acknowledged message, double none and keep the order`, {
	timeout: 60_000 + kills * 10_000,
}, async () => {
	const random = new Random(seed);
	const server = await startServer({ bundle: process.env.AEROGRAM_TEST_BUNDLE ?? (await buildKeepingAll()) });
	const acks: Ack[] = [];
	const failures: unknown[] = [];
	const gaps: unknown[] = [];
	const clients: Aerogram[] = [];
	// Answers are some milliseconds on their way, on each connection another time, as over any network: those that a kill
	// meets there are lost.
	const proxy = await startProxy(server.url, { nextDelay: () => 20 + random.below(40) });
	const connect = (url: string) => {
		const client = new Aerogram(url, { durations });
		clients.push(client);
		return client.space("kill").channel<Entry["data"]>("log");
	};
	let inFlight = 0;
	let publishing = true;

	const seen = Array.from({ length: 4 }, () => {
		const entries: Entry[] = [];
		connect(server.url).subscribe((message) => entries.push(message), {
			from: "start",
			onGap: (gap) => gaps.push(gap),
		});
		return entries;
	});

	const publisher = async (number: number) => {
		const channel = connect(proxy.url);
		const pending = new Set<Promise<void>>();
		for (let index = 0; publishing; index++) {
			inFlight += 1;
			const publish = channel.publish({ publisher: number, index }).then(
				({ seq, duplicate }) => void acks.push({ seq, duplicate, publisher: number, index }),
				(error: unknown) => void failures.push(error),
			);
			const settled = publish.finally(() => {
				inFlight -= 1;
				pending.delete(settled);
			});
			pending.add(settled);
			if (pending.size >= windowSize) await Promise.race(pending);
		}
		await Promise.all(pending);
	};
	const running = Array.from({ length: publishers }, (_, number) => publisher(number));

	// What a kill left stored and not acknowledged is sent again and answered as a duplicate before the next kill.
	const duplicatesAtKill: number[] = [];
	const inFlightAtKill: number[] = [];
	const countDuplicates = () => acks.filter((ack) => ack.duplicate).length;
	try {
		for (let kill = 0; kill < kills; kill++) {
			const enough = acks.length + acksBetweenKills + random.below(50);
			await until(() => acks.length >= enough && inFlight >= windowSize, "the next thousand acks", 30_000);
			await new Promise((resolve) => setTimeout(resolve, random.next() * 50));
			// A moment in which nothing is on its way back would show less.
			await until(() => inFlight >= windowSize && proxy.inTransit > 0, "answers on their way", 10_000);
			inFlightAtKill.push(inFlight);
			duplicatesAtKill.push(countDuplicates());
			// What the kill meets on its way back is lost with it.
			const killed = server.kill();
			proxy.cut();
			await killed;
			await server.restart();
		}
		const enough = acks.length + acksBetweenKills;
		await until(() => acks.length >= enough, "the last acks", 30_000);
		publishing = false;
		await Promise.all(running);
		const log = await readLog<Entry>(server.url, "kill", "log");
		// Whoever does not arrive at the head is counted by the verdict.
		const arrived = () => seen.every((entries) => entries.length >= log.length);
		await until(arrived, "the subscribers to arrive at the head", 5_000).catch(() => {});
		const verdict = judge(log, acks, seen);
		const storedUnacked = duplicatesAtKill.map(
			(count, kill) => (duplicatesAtKill[kill + 1] ?? countDuplicates()) - count,
		);
		const killsWithStored = storedUnacked.filter((count) => count > 0).length;
		console.log(
			`seed ${seed}: ${kills} kills, ${acks.length} acked, ${log.length} stored, in flight at each kill ${Math.min(...inFlightAtKill)} or more, ` +
				`stored but not acked in ${killsWithStored} kills (${storedUnacked.join(" ")}), ` +
				`${Object.entries(verdict)
					.map(([fault, count]) => `${count} ${fault}`)
					.join(", ")}`,
		);
		expect(failures).toEqual([]);
		expect(gaps).toEqual([]);
		expect(verdict).toEqual(flawless);
		expect(Math.min(...inFlightAtKill)).toBeGreaterThanOrEqual(windowSize);
		expect(acks.length).toBeGreaterThanOrEqual(kills * acksBetweenKills);
		expect(killsWithStored).toBeGreaterThanOrEqual(Math.floor(kills * 0.75));
	} finally {
		publishing = false;
		for (const client of clients) client.close();
		await Promise.allSettled(running);
		await proxy.close();
		await server.stop();
	}
});
