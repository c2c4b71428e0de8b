import { evictDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { durations } from "../../protocol/limits.ts";
import { evict, freshSpace, publish } from "./space.ts";

/** Durations are a hundredth of the shipped ones here: a wait of 30 is 300 ms. */
const scale = 0.01;

interface Page {
	readonly epoch: string;
	readonly messages: readonly { readonly seq: number }[];
	readonly next: string;
}

const urlOf = (space: string, query: string) => `http://localhost/v1/spaces/${space}/channels/chat/messages${query}`;

function ask(space: string, path: string): Promise<Response> {
	return exports.default.fetch(`http://localhost/v1/spaces/${space}/${path}`);
}

async function poll(space: string, query: string): Promise<Page> {
	const response = await exports.default.fetch(urlOf(space, query));
	expect(response.status).toBe(200);
	return (await response.json()) as Page;
}

test("a long-poll answers what is there at once, and asks for no socket", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2, 3);
	const { epoch } = await stub.info();
	expect((await poll(name, "?wait=30")).messages.map(({ seq }) => seq)).toEqual([1, 2, 3]);
	expect((await poll(name, `?after=${epoch}:1&limit=1&wait=30`)).messages.map(({ seq }) => seq)).toEqual([2]);
});

test("a parked long-poll answers with the page of what is published, and the next one goes on there: no gap, no double", async () => {
	const { name, stub } = freshSpace();
	const seen: number[] = [];
	let next = `${(await stub.info()).epoch}:0`;
	for (let round = 0; round < 10; round++) {
		const parked = poll(name, `?after=${next}&wait=30`);
		if (round % 2 === 1) await expect.poll(async () => (await stub.info()).sockets).toBe(1);
		if (round % 3 === 1) await evict(stub);
		await publish(stub, "chat", 1, 2);
		const page = await parked;
		seen.push(...page.messages.map(({ seq }) => seq));
		next = page.next;
	}
	const last = await poll(name, `?after=${next}`);
	seen.push(...last.messages.map(({ seq }) => seq));
	expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
	await expect.poll(async () => (await stub.info()).sockets).toBe(0);
});

test("a long-poll in which nothing happens ends after its time with no messages and the same next", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1);
	const { epoch } = await stub.info();
	const from = Date.now();
	const page = await poll(name, `?after=${epoch}:1&wait=30`);
	expect(Date.now() - from).toBeGreaterThanOrEqual(durations.waitMost * scale - 5);
	expect(page).toEqual({ epoch, floor: 1, head: 1, messages: [], next: `${epoch}:1` });
	expect(await poll(name, `?after=${epoch}:1&wait=0`)).toEqual(page);
});

test.each([
	["one channel", "channels/chat/messages?"],
	["many channels", "events?channel=chat&channel=other&"],
])("parked long-polls over %s let the object sleep: nothing wakes it", async (_, path) => {
	const { name, stub } = freshSpace();
	const { next } = (await (await ask(name, path.slice(0, -1))).json()) as Page;
	for (let attempt = 1; ; attempt++) {
		const parked = Date.now();
		const polls = Array.from({ length: 10 }, () => ask(name, `${path}after=${next}&wait=30`));
		await expect.poll(async () => (await stub.info()).sockets).toBe(10);
		await evictDurableObject(stub);
		// From here on each request, and each frame but a ping, would start the object again.
		await new Promise((resolve) => setTimeout(resolve, 150));
		const slept = await evictDurableObject(stub).then(
			() => "it was awake",
			(error: unknown) => String(error),
		);
		const inTime = Date.now() - parked < durations.waitMost * scale;
		for (const { status } of await Promise.all(polls)) expect(status).toBe(200);
		// One that has ended wakes it: on a machine so slow, another attempt must tell.
		if (!inTime && attempt < 20) continue;
		expect(slept).toContain("not currently running");
		break;
	}
});

test("a message that is older than since wakes a long-poll, which goes on waiting", async () => {
	const { name, stub } = freshSpace();
	const later = Date.now() + 3_600_000;
	const parked = poll(name, `?since=${later}&wait=10`);
	await expect.poll(async () => (await stub.info()).sockets).toBe(1);
	await publish(stub, "chat", 1);
	expect((await parked).messages).toEqual([]);
});

test.each(["purge", "wipe"])("a %s while a long-poll is parked is a 410 with where reading stands now", async (act) => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2);
	const before = await stub.channel("chat");
	let status: number | undefined;
	const parked = exports.default.fetch(urlOf(name, `?after=${before.epoch}:2&wait=30`)).then((response) => {
		status = response.status;
		return response.json();
	});
	await expect.poll(async () => (await stub.info()).sockets).toBe(1);
	// The first may come before the subscription.
	while (status === undefined) await (act === "purge" ? stub.purge("chat") : stub.wipe());
	expect(status).toBe(410);
	const { epoch, floor, head } = await stub.channel("chat");
	const told = (await parked) as { readonly epoch: string };
	if (act === "purge") expect(told).toMatchObject({ code: "position_expired", epoch, floor, head });
	else expect({ ...told, later: told.epoch > before.epoch }).toMatchObject({ code: "position_expired", later: true });
});

test("a bare seq ahead of the channel waits for what comes after it", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1);
	const parked = poll(name, "?after=2&wait=30");
	await expect.poll(async () => (await stub.info()).sockets).toBe(1);
	await publish(stub, "chat", 2);
	await publish(stub, "chat", 3);
	expect((await parked).messages.map(({ seq }) => seq)).toEqual([3]);
});

test("one who gives up a long-poll frees its socket", async () => {
	const { name, stub } = freshSpace();
	const leaving = new AbortController();
	const parked = exports.default.fetch(urlOf(name, "?wait=30"), { signal: leaving.signal });
	await expect.poll(async () => (await stub.info()).sockets).toBe(1);
	leaving.abort();
	await expect(parked).rejects.toThrow();
	await expect.poll(async () => (await stub.info()).sockets).toBe(0);
});

test.each(["?wait=31", "?wait=1.5", "?wait=-1", "?wait=", "?wait=30&order=desc", "?wait=30&before=3"])(
	"%s is refused",
	async (query) => {
		const response = await exports.default.fetch(urlOf(freshSpace().name, query));
		expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, "bad_request"]);
	},
);

test("HEAD waits for nothing", async () => {
	const { name, stub } = freshSpace();
	const from = Date.now();
	const response = await exports.default.fetch(urlOf(name, "?wait=30"), { method: "HEAD" });
	expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
	expect(Date.now() - from).toBeLessThan(durations.waitMost * scale);
	expect((await stub.info()).sockets).toBe(0);
});
