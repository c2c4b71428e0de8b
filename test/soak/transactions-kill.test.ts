import { expect, test } from "vitest";
import type { Message } from "../../protocol/envelopes.ts";
import { postJson, readMessages } from "../helpers/http.ts";
import { Random, seedOfRun } from "../helpers/random.ts";
import { walkRecords } from "../helpers/records.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

const publish = (channel: string, number: number) => ({ op: "publish", channel, data: number });
const put = (collection: string, number: number) => ({ op: "put", collection, id: `n${number}`, data: { number } });

const kills = 5;

test(`${kills} kill -9 during transactions: of each, all parts are there, or none`, { timeout: 120_000 }, async () => {
	await using own = await startServer();
	const random = new Random(seedOfRun());
	const space = `${own.url}/v1/spaces/kills`;
	const answered = new Set<number>();
	const writers = 6;
	let next = 0;
	for (let kill = 0; kill < kills; kill++) {
		let killed = false;
		const running = Array.from({ length: writers }, async () => {
			while (!killed) {
				const number = next++;
				const items = [
					publish("a", number),
					put("stock", number),
					publish("b", number),
					publish(`c${number % 7}`, number),
					put("other", number),
				];
				const response = await postJson(`${space}/transactions`, { items }).catch(() => undefined);
				if (response?.status === 200) answered.add(number);
			}
		});
		const enough = answered.size + 100;
		await until(() => answered.size >= enough, "a hundred answers", 30_000);
		await new Promise((resolve) => setTimeout(resolve, random.next() * 20));
		killed = true;
		await own.kill();
		await Promise.all(running);
		await own.restart();
	}
	const channel = async (name: string) => {
		const messages = await readMessages(`${space}/channels/${name}/messages`);
		return messages.map((message: Message) => [message.data as number, message.tx] as const);
	};
	const collection = async (name: string) => {
		const pages = await walkRecords(`${space}/collections/${name}?limit=1000`);
		const records = pages.flatMap((page) => page.records);
		return records.map(({ data }) => (data as { number: number }).number).sort((a, b) => a - b);
	};
	const a = await channel("a");
	const whole = a.map(([number]) => number).sort((x, y) => x - y);
	const c = (await Promise.all(Array.from({ length: 7 }, (_, index) => channel(`c${index}`)))).flat();
	const byNumber = (parts: readonly (readonly [number, string | undefined])[]) => [...parts].sort(([x], [y]) => x - y);
	expect(byNumber(await channel("b"))).toEqual(byNumber(a));
	expect(byNumber(c)).toEqual(byNumber(a));
	expect(await collection("stock")).toEqual(whole);
	expect(await collection("other")).toEqual(whole);
	expect([...answered].filter((number) => !whole.includes(number))).toEqual([]);
	console.log(`${kills} kills: ${answered.size} transactions answered, ${whole.length} stored, 0 in part`);
});
