import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { RecordWriteRequest } from "../../worker/space/api.ts";
import { Random } from "../helpers/random.ts";
import { evict, freshSpace } from "./space.ts";

const steps = 600;
const ids = ["a", "b", "c:1", "c:2", "d"];
const names = ["carts", "stock"];

/** What a space must hold, in the plainest words; it knows nothing of the product. */
class Model {
	readonly heads = new Map<string, number>();
	readonly records = new Map<string, { rev: number; data: { [key: string]: number } }>();
	/** Of each idempotency key: what the write with it came to. */
	readonly keys = new Map<string, { rev: number; body: string }>();

	next(collection: string): number {
		const rev = (this.heads.get(collection) ?? 0) + 1;
		this.heads.set(collection, rev);
		return rev;
	}

	clear(): void {
		for (const map of [this.heads, this.records, this.keys]) map.clear();
	}
}

test.each([8, 20_261_123])(
	"random writes, reads, expiries, alarms and wipes, evicted at random, come to what a small model says (seed %i)",
	{ timeout: 120_000 },
	async (seed) => {
		const random = new Random(seed);
		const { stub } = freshSpace();
		const model = new Model();
		let { epoch } = await stub.info();
		const done = { stored: 0, refused: 0, replayed: 0, expired: 0, evicted: 0, wiped: 0 };
		const sql = (statement: string) => runInDurableObject(stub, (_, state) => void state.storage.sql.exec(statement));

		const alarm = async (kind: string) => {
			await sql(`INSERT OR REPLACE INTO jobs VALUES ('${kind}', 1)`);
			await runInDurableObject(stub, (_, state) => state.storage.setAlarm(Date.now() + 60_000));
			expect(await runDurableObjectAlarm(stub)).toBe(true);
		};

		const write = async () => {
			const [collection, id] = [random.pick(names), random.pick(ids)];
			const place = `${collection}/${id}`;
			const current = model.records.get(place);
			const tag = random.pick([`${epoch}:${current?.rev ?? 1}`, `${epoch}:${random.below(50)}`, "0mws8cs1x68xynmjz:1"]);
			const condition = random.pick<Partial<RecordWriteRequest>>([
				{},
				{},
				{ ifMatch: "*" },
				{ ifMatch: [tag, "x"] },
				{ ifNoneMatch: "*" },
				{ ifNoneMatch: [tag] },
			]);
			const number = random.below(100);
			const action = random.pick<RecordWriteRequest["action"]>([
				{ kind: "put", data: `{"n":${number}}` },
				{ kind: "put", data: `{"n":${number}}` },
				{ kind: "patch", patch: `{"m":${number}}` },
				{ kind: "patch", patch: '{"n":null}' },
				{ kind: "delete" },
			]);
			const request = { principal: "p", collection, id, action, ...condition };
			const body = JSON.stringify(request);
			const used = random.below(4) === 0 ? random.pick([...model.keys.keys(), ""]) : "";
			const key = used || `key-${random.next()}`;
			const outcome = await stub.writeRecord({ ...request, idempotency: { key, hash: body } });

			const known = model.keys.get(key);
			if (known) {
				if (known.body === body) expect(outcome).toMatchObject({ ok: true, replayed: true, rev: known.rev });
				else expect(outcome).toMatchObject({ code: "idempotency_mismatch" });
				done.replayed += 1;
				return;
			}
			const holds = (tags: "*" | readonly string[]) =>
				current !== undefined && (tags === "*" || tags.includes(`${epoch}:${current.rev}`));
			const fails =
				(condition.ifMatch && !holds(condition.ifMatch)) || (condition.ifNoneMatch && holds(condition.ifNoneMatch));
			if ((!current && action.kind !== "put") || fails) {
				const code = !current && action.kind !== "put" ? "not_found" : "condition_failed";
				expect(outcome).toMatchObject({ ok: false, code });
				done.refused += 1;
				return;
			}
			const rev = model.next(collection);
			expect(outcome).toMatchObject({ ok: true, epoch, rev, created: !current, replayed: false });
			model.keys.set(key, { rev, body });
			done.stored += 1;
			if (action.kind === "delete") return void model.records.delete(place);
			const data = { ...(action.kind === "put" ? { n: number } : current?.data) };
			if (action.kind === "patch" && action.patch.includes("null")) delete data.n;
			else if (action.kind === "patch") data.m = number;
			model.records.set(place, { rev, data });
		};

		/** A record's time is over, and later, perhaps, the alarm comes. */
		const expire = async () => {
			const place = random.pick([...model.records.keys(), ""]);
			if (place === "") return;
			const [collection = "", id = ""] = place.split("/");
			const where = `id = '${id}' AND collection = (SELECT number FROM collections WHERE name = '${collection}')`;
			await sql(`UPDATE records SET expires = 1 WHERE ${where}`);
			model.records.delete(place);
			done.expired += 1;
			if (random.below(2) === 0) return;
			await evict(stub);
			const expired = await runInDurableObject(stub, (_, state) =>
				state.storage.sql
					.exec<{ name: string }>("SELECT name FROM records JOIN collections ON number = collection WHERE expires = 1")
					.toArray(),
			);
			await alarm("expire");
			for (const { name } of expired) model.next(name);
		};

		/** What was deleted was deleted long ago. */
		const forget = async () => {
			await evict(stub);
			await sql("UPDATE records SET updated = 1 WHERE data IS NULL");
			await alarm("forget");
		};

		const compare = async () => {
			const collection = random.pick(names);
			const prefix = random.pick(["", "c", "c:1"]);
			const listed: unknown[] = [];
			for (let cursor: { epoch: string; id: string } | undefined, more = true; more; ) {
				const page = await stub.records({ collection, prefix, limit: 2, ...(cursor && { cursor }) });
				if (!page.ok) throw new Error(page.message);
				expect(page.rev).toBe(model.heads.get(collection) ?? 0);
				listed.push(...(JSON.parse(`[${page.body}]`) as unknown[]));
				more = page.next !== null;
				cursor = { epoch, id: page.next ?? "" };
			}
			const expected = ids
				.filter((id) => id.startsWith(prefix))
				.flatMap((id) => {
					const record = model.records.get(`${collection}/${id}`);
					return record ? [{ id, ...record, updated: expect.any(Number) }] : [];
				});
			expect(listed).toEqual(expected);
		};

		for (let step = 0; step < steps; step++) {
			if (random.below(4) === 0) {
				await evict(stub);
				done.evicted += 1;
			}
			const kind = random.below(100);
			if (kind < 75) await write();
			else if (kind < 87) await expire();
			else if (kind < 92) await forget();
			else if (kind < 94) {
				({ epoch } = await stub.wipe());
				model.clear();
				done.wiped += 1;
			}
			await compare();
		}
		console.log(`seed ${seed}: ${JSON.stringify(done)}`);
		for (const count of Object.values(done)) expect(count).toBeGreaterThan(3);
	},
);
