import { expect, test } from "vitest";
import { expectProblem, getJson } from "../helpers/http.ts";
import { Random, seedOfRun } from "../helpers/random.ts";
import { type RecordBody, sendJson, writeRecord } from "../helpers/records.ts";
import { startServer } from "../helpers/server.ts";

const seed = seedOfRun();
const writers = 1_000;

interface Counter {
	readonly n: number;
}

test(`${writers} writers at once, each on the condition that it knows the record, lose no update`, async () => {
	await using server = await startServer();
	const random = new Random(seed);
	const url = `${server.url}/v1/spaces/writers/collections/counters/one`;
	const { etag } = await writeRecord("PUT", url, { n: 0 });
	const revs: number[] = [];
	const increment = async (known: string, n: number) => {
		const response = await sendJson("PUT", url, { n: n + 1 }, { "if-match": known });
		if (response.status === 200) {
			revs.push(((await response.json()) as RecordBody).rev);
			return true;
		}
		await expectProblem(response, "condition_failed");
		return false;
	};
	// All of them know the same revision: one can win.
	const first = await Promise.all(Array.from({ length: writers }, () => increment(etag, 0)));
	expect(first.filter((won) => won)).toHaveLength(1);
	// The others read and try again until each has won, some of them at a time: with all of them, all but one would lose.
	let left = writers - 1;
	let lost = 0;
	const rivals = Array.from({ length: 4 }, async () => {
		while (left > 0) {
			left -= 1;
			for (let won = false; !won; lost += won ? 0 : 1) {
				const read = await fetch(url);
				const { data } = (await read.json()) as RecordBody<Counter>;
				await new Promise((resolve) => setTimeout(resolve, random.next() * 4));
				won = await increment(read.headers.get("etag") ?? "", data.n);
			}
		}
	});
	await Promise.all(rivals);
	expect(lost).toBeGreaterThan(writers / 10);
	expect(await getJson(url)).toMatchObject({ rev: writers + 1, data: { n: writers } });
	expect([...revs].sort((a, b) => a - b)).toEqual(Array.from({ length: writers }, (_, index) => index + 2));
});
