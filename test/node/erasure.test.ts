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
