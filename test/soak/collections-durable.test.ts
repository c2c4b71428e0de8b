import { expect, test } from "vitest";
import { expectProblem, getJson } from "../helpers/http.ts";
import { Random, seedOfRun } from "../helpers/random.ts";
import { type RecordBody, type RecordsBody, sendJson, writeRecord } from "../helpers/records.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

const seed = seedOfRun();

interface Counter {
	readonly n: number;
}

test("kill -9 between write and read loses no record that was answered, and doubles none that is sent again", async () => {
	await using server = await startServer();
	const random = new Random(seed);
	const url = `${server.url}/v1/spaces/kills/collections/counters`;
	const kills = 4;
	const writers = 6;
	const answered = new Map<number, RecordBody<Counter> & { readonly etag: string }>();
	const unknown: { readonly id: number; readonly n: number; readonly key: string }[] = [];
	const revs: number[] = [];
	const put = (id: number, n: number, key: string) =>
		writeRecord<Counter>("PUT", `${url}/${id}`, { n }, { "idempotency-key": key });

	for (let kill = 0; kill < kills; kill++) {
		let killed = false;
		const running = Array.from({ length: writers }, async (_, id) => {
			for (let n = (answered.get(id)?.data.n ?? 0) + 1; !killed; n++) {
				const key = `${kill}-${id}-${n}`;
				try {
					const record = await put(id, n, key);
					answered.set(id, record);
					revs.push(record.rev);
				} catch (error) {
					// The server is gone: nobody knows what became of this one.
					if (!killed) throw error;
					unknown.push({ id, n, key });
				}
			}
		});
		const enough = revs.length + 100;
		await until(() => revs.length >= enough, "a hundred answers", 30_000);
		await new Promise((resolve) => setTimeout(resolve, random.next() * 20));
		killed = true;
		await server.kill();
		await Promise.all(running);
		await server.restart();
		for (const [id, record] of answered) {
			const found = await getJson<RecordBody<Counter>>(`${url}/${id}`);
			const { etag: _, ...known } = record;
			// What was stored and not answered is the next one of the same writer.
			if (unknown.some((one) => one.id === id && one.n === found.data.n)) continue;
			expect(found).toEqual(known);
		}
		for (const { id, n, key } of unknown.splice(0)) {
			const record = await put(id, n, key);
			expect(record.data.n).toBe(n);
			answered.set(id, record);
			revs.push(record.rev);
		}
	}
	const { rev, records } = await getJson<RecordsBody<Counter>>(url);
	for (const { id, data } of records) expect(data.n, id).toBe(answered.get(Number(id))?.data.n);
	// Each write has one revision, and each revision one write: nothing was stored twice, and no number used twice.
	expect([...revs].sort((a, b) => a - b)).toEqual(Array.from({ length: rev }, (_, index) => index + 1));
});

test("a record with a time-to-live is there until it is over and absent from then on, also across a kill", async () => {
	// A tombstone is kept for 86 ms here; the time-to-live is that of the request.
	await using server = await startServer({ env: { AEROGRAM_DURATION_SCALE: "0.000001" } });
	const url = `${server.url}/v1/spaces/expiry/collections/sessions`;
	const started = Date.now();
	const record = await writeRecord("PUT", `${url}/a?ttl=3`, { user: 7 });
	const expires = record.expires ?? 0;
	expect(expires).toBeGreaterThanOrEqual(started + 3_000);
	expect(expires).toBeLessThanOrEqual(Date.now() + 3_000);
	const posted = await writeRecord("POST", `${url}?ttl=1`, { user: 8 });
	expect(posted.expires).toBeLessThanOrEqual(Date.now() + 1_000);
	const answers = { 200: 0, 404: 0 };
	while (answers[404] < 3) {
		const sent = Date.now();
		const { status } = await fetch(`${url}/a`);
		if (status === 200) expect(sent).toBeLessThan(expires);
		else expect([status, Date.now() >= expires]).toEqual([404, true]);
		answers[status as 200 | 404] += 1;
	}
	expect(answers[200]).toBeGreaterThan(0);
	await expectProblem(await sendJson("PATCH", `${url}/a`, {}), "not_found");
	await expectProblem(await fetch(`${url}/a`, { headers: { "if-none-match": record.etag } }), "not_found");
	await expectProblem(await sendJson("PUT", `${url}/a`, {}, { "if-match": record.etag }), "condition_failed");
	expect((await getJson<RecordsBody>(url)).records).toEqual([]);

	const later = await writeRecord("PUT", `${url}/b?ttl=600`, {});
	expect((await writeRecord("PATCH", `${url}/b`, { patched: true })).expires).toBe(later.expires);
	expect((await writeRecord("PATCH", `${url}/b?ttl=900`, {})).expires).toBeGreaterThan((later.expires ?? 0) + 200_000);
	expect((await writeRecord("PUT", `${url}/b`, {})).expires).toBeUndefined();

	const asleep = await writeRecord("PUT", `${url}/c?ttl=1`, {});
	await server.kill();
	await until(() => Date.now() >= (asleep.expires ?? 0), "a record to expire while nobody is there");
	await server.restart();
	await expectProblem(await fetch(`${url}/c`), "not_found");
	// Seven writes, and a tombstone for each of the three that expired.
	const rev = async () => (await getJson<RecordsBody>(url)).rev;
	await until(async () => (await rev()) === 10, "the alarm to make tombstones of what expired", 30_000);
	await fetch(`${url}/b`, { method: "DELETE" });
	await server.kill();
	await server.restart();
	expect(await getJson(url)).toMatchObject({ rev: 11, records: [] });
	const again = await sendJson("PUT", `${url}/a`, {}, { "if-none-match": "*" });
	expect([again.status, again.headers.get("etag")]).toEqual([201, expect.stringMatching(/:12"$/)]);
});
