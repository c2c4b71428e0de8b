import { afterAll, beforeAll, expect, test } from "vitest";
import { buildEdited, editLimit } from "../helpers/edited-build.ts";
import { getJson } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectWire, type Wire } from "../helpers/wire.ts";

interface MemberPage {
	readonly epoch: string;
	readonly count: number;
	readonly members: readonly { readonly client: string; readonly data: unknown }[];
	readonly next: string | null;
}

let server: LocalServer;
const wires: Wire[] = [];

beforeAll(async () => {
	server = await serveHere({ bundle: await buildEdited([editLimit("membersPerChannel", 7)]) });
	for (const id of ["a", "b", "c", "d", "e", "f", "g"]) {
		const wire = await connectWire(server.url, "here", id);
		expect(await wire.ask({ t: "enter", ref: 1, ch: "chat", data: { id } })).toMatchObject({ type: "done" });
		wires.push(wire);
	}
});
afterAll(async () => {
	for (const wire of wires) wire.close();
	await server?.stop();
});

test("the members of a channel are listed in order, page by page, each once", async () => {
	const url = `${server.url}/v1/spaces/here/channels/chat/presence`;
	const seen: string[] = [];
	let cursor: string | null = null;
	do {
		const page: MemberPage = await getJson(
			`${url}?limit=3${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
		);
		expect(page.count).toBe(7);
		seen.push(...page.members.map(({ client }) => client));
		cursor = page.next;
	} while (cursor !== null);
	expect(seen).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
	const all = await getJson<MemberPage>(url);
	expect(all.members[0]).toMatchObject({ from: "anonymous", client: "a", data: { id: "a" } });
	const xml = await fetch(`${url}?limit=1`, { headers: { accept: "application/xml" } });
	expect(await xml.text()).toContain("<client>a</client>");
	expect(xml.headers.get("link")).toContain('rel="next"');
});

test("a channel says how many members it has, and one that nobody entered lists none", async () => {
	const info = await getJson<{ occupancy: unknown }>(`${server.url}/v1/spaces/here/channels/chat`);
	expect(info.occupancy).toEqual({ members: 7, subscribers: 0 });
	const none = await getJson<MemberPage>(`${server.url}/v1/spaces/here/channels/nobody/presence`);
	expect(none).toMatchObject({ count: 0, members: [], next: null });
});

test("a cursor that cannot be read, or is from before a wipe, and a bad limit are refused", async () => {
	const url = `${server.url}/v1/spaces/wiped/channels/chat/presence`;
	const { epoch } = await getJson<MemberPage>(url);
	await fetch(`${server.url}/v1/spaces/wiped`, { method: "DELETE" });
	const refusals: [string, number, string][] = [
		["cursor=nonsense", 400, "bad_position"],
		[`cursor=${epoch}:a:anonymous`, 410, "position_expired"],
		["limit=0", 400, "bad_request"],
		["limit=1001", 400, "bad_request"],
	];
	for (const [query, status, code] of refusals) {
		const response = await fetch(`${url}?${query}`);
		expect([query, response.status, await response.json()]).toMatchObject([query, status, { code }]);
	}
});

test("a channel with as many members as it may have refuses one more with channel_full, until one leaves", async () => {
	const wire = await connectWire(server.url, "here", "late");
	wires.push(wire);
	expect(await wire.ask({ t: "enter", ref: 1, ch: "chat" })).toMatchObject({ type: "error", code: "channel_full" });
	await wires[0]?.ask({ t: "leave", ref: 2, ch: "chat" });
	expect(await wire.ask({ t: "enter", ref: 2, ch: "chat" })).toMatchObject({ type: "done" });
});
