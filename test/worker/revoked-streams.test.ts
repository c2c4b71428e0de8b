import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { mintToken } from "../../sdk/server.ts";
import { shardName, shards } from "../../worker/directory/api.ts";
import { Revocations } from "../../worker/directory/revocations.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { freshSpace } from "./space.ts";

const capabilities = [{ allow: ["subscribe", "read", "call"], on: "**/*/**" }] as const;

/** Revokes a token as it is where all spaces were told already, while a stream had no socket to any. */
async function revokeUntold(jti: string): Promise<void> {
	for (let shard = 0; shard < shards; shard++) {
		await runInDurableObject(env.DIRECTORY.get(env.DIRECTORY.idFromName(shardName(shard))), (_, { storage }) =>
			new Revocations(storage.sql).add({ kind: "jti", name: jti }, Date.now()),
		);
	}
}

test.each([
	["messages of a channel", () => "channels/chat/messages"],
	["many channels", () => "events?channel=chat&channel=news"],
	["records", () => "collections/carts"],
	["a call", (call: string) => `services/work/calls/${call}`],
])("whoever is revoked while a stream of %s has no socket does not come back on it", async (_, pathOf) => {
	const { name, stub } = freshSpace();
	const jti = crypto.randomUUID();
	const call = crypto.randomUUID();
	const caller = { principal: "ada", service: "work", id: call, data: "1" };
	await stub.calls({ kind: "call", ...caller, timeout: 60_000 });
	const token = await mintToken(env.AEROGRAM_KEYS, { sub: "ada", jti, capabilities, ttl: 600 });
	const url = `http://localhost/v1/spaces/${name}/${pathOf(call)}`;
	const open = () =>
		exports.default.fetch(url, { headers: { accept: "text/event-stream", authorization: `Bearer ${token}` } });
	const response = await open();
	expect(response.status).toBe(200);
	const reader = new EventReader(response.body);
	await expect.poll(async () => (await stub.info()).sockets).toBe(1);

	await revokeUntold(jti);
	const status = async () => {
		const again = await open();
		await again.body?.cancel();
		return again.status;
	};
	await expect.poll(status).toBe(401);
	expect(reader.ended).toBeUndefined();
	await runInDurableObject(stub, (_, state) => state.abort("a crash, as a test has it")).catch(() => {});
	await reader.until(() => reader.ended !== undefined, "the stream to end");
	expect((await env.SPACES.get(stub.id).info()).sockets).toBe(0);
});
