import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { mintToken } from "../../sdk/server.ts";
import { shardName, shards } from "../../worker/directory/api.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { freshSpace } from "./space.ts";

/** The tables of an object in which some row holds a text. */
function tablesWith(stub: DurableObjectStub, text: string): Promise<string[]> {
	return runInDurableObject(stub, (_, { storage: { sql } }) => {
		const tables = sql.exec<{ name: string }>(
			"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'",
		);
		const names = tables.toArray().map(({ name }) => name);
		return names.filter((name) => JSON.stringify(sql.exec(`SELECT * FROM "${name}"`).toArray()).includes(text));
	});
}

/** The same of all shards of the Directory. */
async function directoryTablesWith(text: string): Promise<string[]> {
	const found: string[] = [];
	for (let shard = 0; shard < shards; shard++) {
		found.push(...(await tablesWith(env.DIRECTORY.get(env.DIRECTORY.idFromName(shardName(shard))), text)));
	}
	return found;
}

test("of a principal that is erased everywhere no name is left, neither in spaces that it began by writing or reading nor in the Directory", async () => {
	const sub = `user:${crypto.randomUUID()}`;
	const token = await mintToken(env.AEROGRAM_KEYS, {
		sub,
		capabilities: [{ allow: ["publish", "subscribe"], on: "**/*/**" }],
		ttl: 600,
	});
	const [written, read] = [freshSpace(), freshSpace()];
	const urlOf = (space: string) => `http://localhost/v1/spaces/${space}/channels/chat/messages`;
	const authorization = `Bearer ${token}`;
	const json = { "content-type": "application/json" };
	const body = JSON.stringify({ data: 1 });
	const init = { method: "POST", headers: { ...json, authorization }, body };
	expect((await exports.default.fetch(urlOf(written.name), init)).status).toBe(201);
	const headers = { accept: "text/event-stream", authorization };
	const reader = new EventReader((await exports.default.fetch(urlOf(read.name), { headers })).body);
	await reader.until(() => reader.lastId !== "", "the stream to open");
	await reader.cancel();
	await expect.poll(async () => (await read.stub.info()).sockets).toBe(0);
	expect(await tablesWith(written.stub, sub)).toContain("meta");
	expect(await tablesWith(read.stub, sub)).toContain("meta");
	expect(await directoryTablesWith(sub)).toEqual(["begun"]);

	for (let status = 202, after: string | undefined; status === 202; ) {
		const answer = await exports.default.fetch("http://localhost/v1/erasures", {
			method: "POST",
			headers: json,
			body: JSON.stringify({ sub, ...(after && { after }) }),
		});
		status = answer.status;
		expect([200, 202]).toContain(status);
		after = ((await answer.json()) as { next?: string }).next;
	}
	expect(await tablesWith(written.stub, sub)).toEqual([]);
	expect(await tablesWith(read.stub, sub)).toEqual([]);
	expect(await directoryTablesWith(sub)).toEqual([]);
});
