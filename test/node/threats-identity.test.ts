/** One test for each row of the threat table that is about who somebody is: `test/threats/threats.ts` names them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Capability, Operation } from "../../protocol/capabilities.ts";
import { buildEdited } from "../helpers/edited-build.ts";
import { expectProblem, getJson, type Page, postJson } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { signToken, testSecret } from "../helpers/signing.ts";
import { until } from "../helpers/until.ts";

/** How long a socket of nobody lives here, in milliseconds. */
const unknown = 400;

let server: TestServer;

beforeAll(async () => {
	const shorter = { file: "protocol/limits.ts", find: "\tunknown: 10_000,", replace: `\tunknown: ${unknown},` };
	server = await startServer({
		bundle: await buildEdited([shorter]),
		env: { AEROGRAM_KEYS: `main:${testSecret}` },
		args: ["--closed"],
	});
	// A space that is there, for who says later who they are.
	expect((await postJson(messages("log"), { data: "first" }, bearer("ada"))).status).toBe(201);
});
afterAll(() => server.stop());

const everything: readonly Operation[] = ["publish", "subscribe", "history", "presence", "occupants"];

function tokenOf(sub: string, allow = everything): string {
	const caps: readonly Capability[] = [{ allow, on: "s/channels/**" }];
	return signToken({ claims: { sub, caps } });
}

function bearer(sub: string, allow = everything): Record<string, string> {
	return { authorization: `Bearer ${tokenOf(sub, allow)}` };
}

function messages(channel: string): string {
	return `${server.url}/v1/spaces/s/channels/${channel}/messages`;
}

/** A socket of a client, with what it was told and how it was closed. */
async function open(client: string, sub?: string) {
	const protocols = ["aerogram.v1", ...(sub === undefined ? [] : [`bearer.${tokenOf(sub)}`])];
	const socket = new WebSocket(`${server.socketUrl}/v1/spaces/s/socket?client=${client}`, protocols);
	const told: Record<string, unknown>[] = [];
	const state = { closed: 0 };
	socket.onmessage = ({ data }) => told.push(...[JSON.parse(String(data))].flat());
	socket.onclose = ({ code }) => {
		state.closed = code;
	};
	await until(() => told.length > 0 || state.closed > 0, "the first word");
	const ask = async (envelope: { readonly ref: number; readonly [field: string]: unknown }) => {
		socket.send(JSON.stringify(envelope));
		// After its last word a socket may take its time to close.
		await until(() => told.some(({ t, ref }) => ref === envelope.ref || t === "bye"), "an answer");
		return told.find(({ ref }) => ref === envelope.ref);
	};
	return { ask, told, state, close: () => socket.close() };
}

test("T14: a socket of which nobody says who is on it is told good-bye after its time, also one that keeps talking", async () => {
	const [silent, talking] = await Promise.all([open("silent"), open("talking")]);
	const began = Date.now();
	const over = () => Date.now() - began > unknown + 3_000;
	for (let ref = 1; talking.state.closed === 0 && !over(); ref++) {
		await talking.ask({ t: "sub", ref, ch: "log" });
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	expect(talking.state.closed).toBe(4001);
	await until(() => silent.told.length > 1 || over(), "the end");
	expect(silent.told.slice(1)).toMatchObject([{ t: "bye", code: "unauthorized" }]);
	silent.close();
});

test("T15: a message is from whom the token names, and nobody leaves for another", async () => {
	const [ada, eve] = [await open("one", "ada"), await open("one", "eve")];
	await ada.ask({ t: "enter", ref: 1, ch: "room", data: "ada" });
	const forged = { from: "ada", principal: "ada", client: "one", by: "one/0" };
	expect(await eve.ask({ t: "pub", ref: 1, ch: "room", data: 1, ...forged })).toMatchObject({
		t: "ok",
	});
	await eve.ask({ t: "enter", ref: 2, ch: "room", data: "eve", ...forged });
	await eve.ask({ t: "leave", ref: 3, ch: "room", ...forged });
	const page = await getJson<Page>(messages("room"), { headers: bearer("ada") });
	expect(page.messages.map(({ from }) => from)).toEqual(["eve"]);
	const { members } = await getJson<{ members: unknown }>(`${server.url}/v1/spaces/s/channels/room/presence`, {
		headers: bearer("ada"),
	});
	expect(members).toMatchObject([{ from: "ada", data: "ada" }]);
	ada.close();
	eve.close();
});

test("T16: who may subscribe reads no history, neither in pages nor one by one", async () => {
	const headers = bearer("eve", ["subscribe"]);
	for (const place of ["", "?limit=1", "?after=0", "/1"]) {
		await expectProblem(await fetch(`${messages("log")}${place}`, { headers }), "forbidden");
	}
	expect((await fetch(`${messages("log")}/1`, { headers: bearer("eve", ["history"]) })).status).toBe(200);
});

test("T25: an idempotency key is its principal's: another's is another, and takes nothing away", async () => {
	const once = { "idempotency-key": "squatted" };
	const eve = await postJson(messages("keys"), { data: "eve" }, { ...bearer("eve"), ...once });
	expect(eve.status).toBe(201);
	const ada = await postJson(messages("keys"), { data: "ada" }, { ...bearer("ada"), ...once });
	expect([ada.status, ada.headers.get("idempotency-replayed")]).toEqual([201, null]);
	const again = await postJson(messages("keys"), { data: "ada" }, { ...bearer("ada"), ...once });
	expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
	const { messages: stored } = await getJson<Page>(messages("keys"), { headers: bearer("ada") });
	expect(stored.map(({ data }) => data)).toEqual(["eve", "ada"]);
});

test("T26: the client and the place of another principal open nothing, and end nothing", async () => {
	const ada = await open("taken", "ada");
	const eve = await open("taken", "eve");
	const asked = await ada.ask({ t: "sub", ref: 1, ch: "log" });
	expect(asked).toMatchObject({ t: "ok", head: expect.any(Number) });
	expect([ada.state.closed, eve.state.closed]).toEqual([0, 0]);
	const at = `${asked?.epoch}:0`;
	const headers = { accept: "text/event-stream", ...bearer("eve", ["publish"]) };
	await expectProblem(await fetch(`${messages("log")}?after=${at}`, { headers }), "forbidden");
	ada.close();
	eve.close();
});
