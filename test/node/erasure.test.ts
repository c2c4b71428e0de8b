import { afterAll, beforeAll, expect, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { mintToken } from "../../sdk/server.ts";
import { buildEdited, editChannels } from "../helpers/edited-build.ts";
import { expectProblem, getJson, postJson, readMessages } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { testSecret } from "../helpers/signing.ts";

const keys = `main:${testSecret}`;
const main = { authorization: `Bearer main.${testSecret}` };
const everything = [
	{ allow: ["publish", "subscribe", "history", "presence", "occupants", "read", "write"], on: "**/*/**" },
] as const;
/** So long that each message is a row of its own. */
const long = "x".repeat(33_000);

let server: TestServer;

beforeAll(async () => {
	const bundle = await buildEdited([editChannels('"last:*": { kind: "keyed" }')]);
	server = await startServer({ bundle, env: { AEROGRAM_KEYS: keys } });
});
afterAll(() => server?.stop());

function clientOf(sub: string): Aerogram {
	return new Aerogram(server.url, { token: () => mintToken(keys, { sub, capabilities: everything, ttl: 600 }) });
}

function erase(request: unknown, headers: Record<string, string> = main): Promise<Response> {
	return postJson(`${server.url}/v1/erasures`, request, headers);
}

async function namesIn(space: string, channel: string): Promise<readonly string[]> {
	const messages = await readMessages(`${server.url}/v1/spaces/${space}/channels/${channel}/messages`);
	return messages.map(({ from }) => from);
}

test("of a principal that is erased, nothing it owns is left, and of others everything", async () => {
	const ada = clientOf("user:42");
	const bob = clientOf("user:420");
	const spaces = ["one", "two"];
	for (const name of spaces) {
		for (const client of [ada, bob]) {
			const space = client.space(name);
			await space.channel("chat").publish({ from: "user:42", quoted: ',"from":"user:42",' });
			await space.channel("last:x").publish({ by: client.client }, { key: client.client });
			await space.channel("chat").presence.enter({ here: true });
		}
		const carts = ada.space(name).collection("carts");
		for (const id of ["user:42", "user:42:cart", "user:42:a:b", "user:420", "user:4", "user", "z"])
			await carts.put(id, {});
	}
	// More rows than one step looks at.
	const publishes = Array.from({ length: 130 }, (_, index) =>
		ada.space("one").channel("long").publish({ index, long }),
	);
	await Promise.all(publishes);

	const done = await (await erase({ sub: "user:42" })).json();
	expect(done).toEqual({ sub: "user:42", spaces: 2, messages: 134, members: 2, records: 6, kept: 0 });

	for (const name of spaces) {
		expect(await namesIn(name, "chat")).toEqual(["erased", "user:420"]);
		expect((await namesIn(name, "last:x")).toSorted()).toEqual(["erased", "user:420"]);
		const [first] = await readMessages(`${server.url}/v1/spaces/${name}/channels/chat/messages`);
		expect(first?.data).toEqual({ from: "user:42", quoted: ',"from":"user:42",' });
		const { members } = await getJson<{ members: { from: string }[] }>(
			`${server.url}/v1/spaces/${name}/channels/chat/presence`,
		);
		expect(members.map(({ from }) => from)).toEqual(["user:420"]);
		const { records } = await getJson<{ records: { id: string }[] }>(
			`${server.url}/v1/spaces/${name}/collections/carts`,
		);
		expect(records.map(({ id }) => id)).toEqual(["user", "user:4", "user:420", "z"]);
	}
	expect(new Set(await namesIn("one", "long"))).toEqual(new Set(["erased"]));

	// Once more, there is nothing left; and the log goes on where it was, also after a crash.
	expect(await (await erase({ sub: "user:42" })).json()).toMatchObject({ messages: 0, members: 0, records: 0 });
	const chat = bob.space("one").channel("chat");
	expect(await chat.publish("next")).toMatchObject({ seq: 3 });
	await server.restart();
	expect(await chat.publish("after")).toMatchObject({ seq: 4, duplicate: false });
	expect(await namesIn("one", "chat")).toEqual(["erased", "user:420", "user:420", "user:420"]);
	ada.close();
	bob.close();
});

test("what takes more than one request is answered with 202 and goes on where it was, to the last space", async () => {
	const eve = clientOf("user:7");
	const names = Array.from({ length: 20 }, (_, index) => `many-${String(index).padStart(2, "0")}`);
	for (const [index, name] of names.entries()) {
		await eve.space(name).channel("chat").publish(name);
		// So that what one request may ends in the middle of a space.
		if (index % 2 === 0) await eve.space(name).collection("carts").put("user:7", {});
	}
	const sum = { messages: 0, records: 0 };
	const statuses: number[] = [];
	const nexts: unknown[] = [];
	for (let next: unknown; statuses.at(-1) !== 200; ) {
		const answer = await erase({ sub: "user:7", ...(next !== undefined && { after: next }) });
		const done = (await answer.json()) as { messages: number; records: number; next?: string };
		next = done.next;
		nexts.push(next);
		statuses.push(answer.status);
		sum.messages += done.messages;
		sum.records += done.records;
	}
	expect(sum).toEqual({ messages: names.length, records: names.length / 2 });
	expect(statuses.length).toBeGreaterThan(2);
	expect(statuses.slice(0, -1)).toEqual(Array(statuses.length - 1).fill(202));
	expect(nexts.at(-1)).toBeUndefined();
	for (const name of names) expect(await namesIn(name, "chat")).toEqual(["erased"]);
	for (const after of [5, "", "nonsense", btoa("{}"), btoa('{"space":"x","place":{"table":"meta"}}')]) {
		await expectProblem(await erase({ sub: "user:7", after }), "bad_request");
	}
	await expectProblem(await erase({ sub: "user:7", space: "other", after: nexts[0] }), "bad_request");
	eve.close();
});

test("one space is erased by who may administer all of it, everything by who may everywhere", async () => {
	const admin = async (on: string) => ({
		authorization: `Bearer ${await mintToken(keys, { sub: "admin", capabilities: [{ allow: ["admin"], on }] })}`,
	});
	expect((await erase({ sub: "eve", space: "team" }, await admin("team/*/**"))).status).toBe(200);
	await expectProblem(await erase({ sub: "eve", space: "other" }, await admin("team/*/**")), "forbidden");
	await expectProblem(await erase({ sub: "eve" }, await admin("team/*/**")), "forbidden");
	await expectProblem(await erase({ sub: "eve", space: "team" }, await admin("team/channels/**")), "forbidden");
});

test("nobody is erased who could not be", async () => {
	for (const request of [{}, [], { sub: 5 }, { sub: "" }]) await expectProblem(await erase(request), "bad_request");
	await expectProblem(await erase({ sub: "a", space: "a/b" }), "bad_name");
});
