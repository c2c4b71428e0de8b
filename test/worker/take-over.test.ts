import { exports } from "cloudflare:workers";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { evict, freshSpace } from "./space.ts";
import { WireClient } from "./wire-client.ts";

type Envelope = { readonly [key: string]: Json } & { readonly t: string };

const subscribe = { t: "sub", ref: 1, ch: "chat" };

/** One connection of the client `me`, subscribed to `chat`. */
interface Connection {
	/** Resolves to the last word of the server. */
	bye(): Promise<Json | undefined>;
}

/** One request of the client, as a connection of its own. */
async function request(space: string, query: string, ...frame: readonly Json[]): Promise<readonly Envelope[]> {
	const response = await exports.default.fetch(`http://localhost/v1/spaces/${space}/socket?client=me${query}`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(frame),
	});
	expect(response.status).toBe(200);
	return (await response.json()) as readonly Envelope[];
}

function byeIn(envelopes: readonly Envelope[]): Json | undefined {
	return envelopes.find(({ t }) => t === "bye")?.code;
}

/** The name of a new poller. */
async function newPoller(space: string): Promise<string> {
	const [welcome, ...others] = await request(space, "&wait=0&poll=new");
	expect(others).toEqual([]);
	return String(welcome?.connection);
}

const kinds: Readonly<Record<string, (space: string) => Promise<Connection>>> = {
	async WebSocket(space) {
		const client = await WireClient.connect(space, "me");
		await client.ask(subscribe);
		return { bye: async () => (await client.next("bye")).code };
	},
	async "event stream"(space) {
		const url = `http://localhost/v1/spaces/${space}/socket?client=me`;
		const { body } = await exports.default.fetch(url, { headers: { accept: "text/event-stream" } });
		const reader = new EventReader(body);
		await reader.next();
		return {
			async bye() {
				for (;;) {
					const code = byeIn([JSON.parse((await reader.next()).data) as Envelope].flat());
					if (code !== undefined) return code;
				}
			},
		};
	},
	async poller(space) {
		const poll = await newPoller(space);
		let over = false;
		onTestFinished(() => {
			over = true;
		});
		const polling = (async () => {
			for (;;) {
				const code = byeIn(await request(space, `&wait=30&poll=${poll}`, subscribe));
				if (over || code !== undefined) return code;
			}
		})();
		return { bye: () => polling };
	},
};

const pairs = Object.keys(kinds).flatMap((first) => Object.keys(kinds).map((second) => [first, second] as const));

describe.each(pairs)("where a client has a connection by %s, and opens one by %s", (first, second) => {
	test.each(["while the object is awake", "after it has slept"])(
		"the first is told that it was replaced, %s",
		async (when) => {
			const { name, stub } = freshSpace();
			const before = await kinds[first]?.(name);
			await expect.poll(async () => (await stub.info()).sockets).toBe(1);
			if (when === "after it has slept") await evict(stub);
			await kinds[second]?.(name);
			expect(await before?.bye()).toBe("replaced");
			await expect.poll(async () => (await stub.info()).sockets).toBe(1);
		},
	);
});

describe("a poller that was replaced between two requests", () => {
	test.each(Object.keys(kinds))("by %s is told with its next one, and nothing of that is stored", async (kind) => {
		const { name, stub } = freshSpace();
		const poll = await newPoller(name);
		await kinds[kind]?.(name);
		const answer = await request(name, `&wait=0&poll=${poll}`, { t: "pub", ref: 1, ch: "chat", data: 1 });
		expect(answer.map(({ t }) => t)).toEqual(["welcome", "bye"]);
		expect(byeIn(answer)).toBe("replaced");
		expect((await stub.channel("chat")).head).toBe(0);
	});

	test("goes on where the other is gone and the object has slept", async () => {
		const { name, stub } = freshSpace();
		const [first, second] = [await newPoller(name), await newPoller(name)];
		await evict(stub);
		expect(byeIn(await request(name, `&wait=0&poll=${first}`))).toBeUndefined();
		expect(byeIn(await request(name, `&wait=0&poll=${second}`))).toBe("replaced");
	});
});

test("the requests of one poller stand side by side, and a request without a name beside all of them", async () => {
	const { name } = freshSpace();
	const poll = await newPoller(name);
	const parked = request(name, `&wait=30&poll=${poll}`, subscribe);
	const published = await request(name, `&wait=0&poll=${poll}`, { t: "pub", ref: 1, ch: "other", data: 1 });
	expect(published.map(({ t }) => t)).toEqual(["welcome", "ok"]);
	expect((await request(name, "&wait=0", { t: "pub", ref: 1, ch: "chat", data: 2 })).map(({ t }) => t)).toEqual([
		"welcome",
		"ok",
	]);
	expect((await parked).map(({ t }) => t)).toEqual(["welcome", "ok", "msg"]);
});

test("a poll that is no name is refused, and so is one beside a connection", async () => {
	const { name } = freshSpace();
	for (const query of ["poll=a%0Ab", "poll=", "poll=new&connection=c"]) {
		const response = await exports.default.fetch(`http://localhost/v1/spaces/${name}/socket?client=me&${query}`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: "[]",
		});
		expect([query, response.status, ((await response.json()) as { code: string }).code]).toEqual([
			query,
			400,
			"bad_request",
		]);
	}
});
