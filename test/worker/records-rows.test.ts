import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { RecordWriteRequest } from "../../worker/space/api.ts";
import { freshSpace } from "./space.ts";

const writes = 300;
const document = JSON.stringify({ item: "plane", text: "x".repeat(100) });

type Write = Pick<RecordWriteRequest, "action"> & Partial<RecordWriteRequest>;

/** Rows per write, of a space that holds some records already. */
async function rowsPerWrite(what: string, write: (index: number) => Write): Promise<number> {
	const { stub } = freshSpace();
	const send = async (request: Write) => {
		const outcome = await stub.writeRecord({ principal: "anonymous", collection: "carts", ...request });
		if (!outcome.ok) throw new Error(outcome.message);
	};
	for (let index = 0; index < 50; index++) {
		await send({ id: `id-${index}`, action: { kind: "put", data: document }, ttl: 3_600 });
	}
	const before = (await stub.info()).rowsWritten;
	for (let index = 0; index < writes; index++) await send(write(index));
	const rows = ((await stub.info()).rowsWritten - before) / writes;
	console.log(`rows written per ${what}: ${rows.toFixed(3)} over ${writes} writes`);
	return rows;
}

const put = { kind: "put", data: document } as const;

test.each<[string, (index: number) => Write]>([
	["record created", (index) => ({ id: `new-${index}`, action: put })],
	["record created with an id of the server", () => ({ action: put })],
	["record replaced", (index) => ({ id: `id-${index % 50}`, action: put })],
	["record patched", (index) => ({ id: `id-${index % 50}`, action: { kind: "patch", patch: `{"n":${index}}` } })],
	["record with a time-to-live", (index) => ({ id: `id-${index % 70}`, action: put, ttl: 3_600 })],
	["record created and deleted", (index) => ({ id: "x", action: index % 2 === 0 ? put : { kind: "delete" } })],
])("a %s writes at most 1.1 rows", async (what, write) => {
	const rows = await rowsPerWrite(what, write);
	expect(rows).toBeLessThanOrEqual(1.1);
	expect(rows).toBeGreaterThanOrEqual(1);
});

test("a write with an idempotency key writes one row more", async () => {
	const rows = await rowsPerWrite("record with an idempotency key", (index) => ({
		id: `id-${index % 50}`,
		action: put,
		idempotency: { key: `k-${index}`, hash: "h" },
	}));
	expect(rows).toBeLessThanOrEqual(2.1);
});

test("reading and what is refused write no rows", async () => {
	const { stub } = freshSpace();
	const request = { principal: "anonymous", collection: "carts", id: "a" } as const;
	await stub.writeRecord({ ...request, action: put, ttl: 3_600 });
	const query = "SELECT 1 FROM meta WHERE key = 'listed'";
	const listed = () => runInDurableObject(stub, (_, state) => state.storage.sql.exec(query).toArray().length > 0);
	while (!(await listed())) await new Promise((resolve) => setTimeout(resolve, 5));
	const before = (await stub.info()).rowsWritten;
	await stub.readRecord({ collection: "carts", id: "a" });
	await stub.records({ collection: "carts", prefix: "", limit: 10 });
	await stub.records({ collection: "nothing-here", prefix: "", limit: 10 });
	await stub.collections("", 10);
	await stub.writeRecord({ ...request, action: put, ifNoneMatch: "*" });
	await stub.writeRecord({ ...request, id: "b", action: { kind: "delete" } });
	await stub.writeRecord({ ...request, collection: "new", action: { kind: "patch", patch: "{}" } });
	expect((await stub.info()).rowsWritten - before).toBe(0);
});
