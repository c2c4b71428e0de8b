import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentTypes, formats, readAs, send } from "../helpers/formats.ts";
import { expectProblem, getJson, type Page, postJson, publishAll, walk } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

let server: LocalServer;
let space: string;
let messages: string;
let epoch: string;

beforeAll(async () => {
	server = await serveHere();
	space = `${server.url}/v1/spaces/caching`;
	messages = `${space}/channels/log/messages`;
	await publishAll(
		messages,
		Array.from({ length: 25 }, (_, index) => index),
	);
	({ epoch } = await getJson<{ epoch: string }>(space));
});
afterAll(() => server.stop());

/** Asks again with the ETag of an answer. */
async function again(url: string, response: Response, headers: Record<string, string> = {}): Promise<Response> {
	const etag = response.headers.get("etag");
	if (etag === null) throw new Error(`${url} has no ETag`);
	return fetch(url, { headers: { ...headers, "if-none-match": etag } });
}

function kept(response: Response): readonly (string | null)[] {
	return [response.headers.get("etag"), response.headers.get("cache-control")];
}

describe("one message", () => {
	test("has its position as ETag, may be kept, and is answered 304 to who has it", async () => {
		const first = await fetch(`${messages}/7`);
		expect(kept(first)).toEqual([`"${epoch}:7"`, "private, no-cache"]);
		for (const method of ["GET", "HEAD"]) {
			const second = await fetch(`${messages}/7`, { method, headers: { "if-none-match": `"${epoch}:7"` } });
			expect([second.status, await second.text()]).toEqual([304, ""]);
			expect(kept(second)).toEqual(kept(first));
			expect(second.headers.get("vary")).toBe("Accept, Origin, Prefer");
			expect(second.headers.get("content-type")).toBeNull();
		}
	});

	test.each<[string, number]>([
		["*", 304],
		['W/"EPOCH:7"', 304],
		['"other", "EPOCH:7"', 304],
		['"other",W/"EPOCH:7",', 304],
		['"EPOCH:8"', 200],
		['"other"', 200],
		['""', 200],
	])("If-None-Match: %s -> %i", async (header, status) => {
		const headers = { "if-none-match": header.replace("EPOCH", epoch) };
		expect((await fetch(`${messages}/7`, { headers })).status).toBe(status);
	});

	test.each(["EPOCH:7", '"EPOCH:7', 'w/"EPOCH:7"', '"a" "b"', "*, *", '"a", *'])(
		"If-None-Match that reads %j is refused",
		async (header) => {
			const headers = { "if-none-match": header.replace("EPOCH", epoch) };
			await expectProblem(await fetch(`${messages}/7`, { headers }), "bad_position");
		},
	);

	test("that is purged is gone, also for who has it", async () => {
		const own = `${space}/channels/purged`;
		await publishAll(`${own}/messages`, [1]);
		const first = await fetch(`${own}/messages/1`);
		await fetch(own, { method: "DELETE" });
		await expectProblem(await again(`${own}/messages/1`, first), "not_found");
	});
});

describe("a page that is closed", () => {
	test.each([
		["limit=10", "1-10"],
		["after=EPOCH:10&limit=10", "11-20"],
		["after=3&before=9&limit=4", "4-7"],
		["before=EPOCH:21&limit=5", "20-16"],
		["before=21&limit=5&order=desc", "20-16"],
		["since=0&limit=2", "1-2"],
	])("(%s) says from where to where it reaches, and is 304 to who has it", async (query, range) => {
		const url = `${messages}?${query.replace("EPOCH", epoch)}`;
		const first = await fetch(url);
		expect(kept(first)).toEqual([`W/"${epoch}:${range}"`, "private, no-cache"]);
		await publishAll(messages, ["later"]);
		const second = await again(url, first);
		expect([second.status, await second.text()]).toEqual([304, ""]);
		expect(second.headers.get("link")).toBe(first.headers.get("link"));
		const fresh = (await (await fetch(url)).json()) as Page;
		expect(fresh.messages).toEqual(((await first.json()) as Page).messages);
	});

	test("is fetched anew once what it starts with is purged, and refused after a wipe", async () => {
		const own = `${server.url}/v1/spaces/caching-wiped/channels/log`;
		const last = await publishAll(`${own}/messages`, [1, 2, 3]);
		const url = `${own}/messages?limit=2`;
		const first = await fetch(url);
		await fetch(own, { method: "DELETE" });
		const purged = await again(url, first);
		expect([purged.status, ((await purged.json()) as Page).messages]).toEqual([200, []]);
		const [was = ""] = last.split(":");
		await publishAll(`${own}/messages`, [4, 5, 6]);
		const next = `${own}/messages?after=${was}:3&limit=2`;
		const second = await fetch(next);
		expect((await again(next, second)).status).toBe(304);
		await fetch(`${server.url}/v1/spaces/caching-wiped`, { method: "DELETE" });
		await expectProblem(await again(next, second), "position_expired");
		await publishAll(`${own}/messages`, [7, 8, 9]);
		expect((await again(url, first)).status).toBe(200);
	});
});

test.each(["", "?limit=1000", "?order=desc&limit=3", "?after=1000000", "?before=3&limit=1000"])(
	"a page that is open (%s) is kept nowhere and has no ETag",
	async (query) => {
		expect(kept(await fetch(`${messages}${query}`))).toEqual([null, "no-store"]);
	},
);

describe("the same thing in another format has another ETag", () => {
	test.each(["channels/log/messages/7", "channels/log/messages?limit=3", "collections/things/a"])(
		"%s",
		async (path) => {
			const url = `${space}/${path}`;
			await fetch(`${space}/collections/things/a`, {
				method: "PUT",
				headers: { "content-type": "application/json", "if-none-match": "*" },
				body: '{"a":1}',
			});
			const tags = new Map<string, string>();
			for (const format of formats) {
				const response = await send(url, "GET", undefined, "JSON", format);
				tags.set(format, response.headers.get("etag") ?? "");
			}
			expect(new Set(tags.values()).size).toBe(3);
			for (const had of formats) {
				for (const asked of formats) {
					const headers = { accept: contentTypes[asked], "if-none-match": tags.get(had) ?? "" };
					const response = await fetch(url, { headers });
					expect([had, asked, response.status]).toEqual([had, asked, had === asked ? 304 : 200]);
					if (had !== asked) await readAs(response, asked);
				}
			}
		},
	);

	test("and each of them is a condition on a write", async () => {
		const url = `${space}/collections/things/conditional`;
		let response = await send(url, "PUT", { a: 0 }, "JSON", "JSON");
		for (const format of formats) {
			const ifMatch = { "if-match": response.headers.get("etag") ?? "" };
			response = await send(url, "PUT", { a: format }, format, format, ifMatch);
			expect([format, response.status]).toEqual([format, 200]);
			const stale = await send(url, "PUT", { a: "stale" }, format, "JSON", ifMatch);
			await expectProblem(stale, "condition_failed");
		}
		const channel = `${space}/channels/conditional`;
		const head = (await send(channel, "GET", undefined, "JSON", "XML")).headers.get("etag") ?? "";
		expect((await postJson(`${channel}/messages`, { data: 1 }, { "if-match": head })).status).toBe(201);
	});
});

test("every other answer below /v1 is kept nowhere", async () => {
	const urls = [space, `${server.url}/v1/spaces`, `${space}/channels`, `${space}/channels/log`, `${space}/collections`];
	for (const url of urls) {
		expect([url, (await fetch(url)).headers.get("cache-control")]).toEqual([url, "no-store"]);
	}
	const missing = await fetch(`${messages}/1000000`);
	expect(kept(missing)).toEqual([null, "no-store"]);
	const written = await fetch(`${space}/collections/things/written`, {
		method: "PUT",
		headers: { "content-type": "application/json" },
		body: "{}",
	});
	expect(kept(written)).toEqual([expect.stringMatching(/^"[a-z0-9]{17}:\d+"$/), "no-store"]);
});

test("pages that are walked by their links are closed but for the last", async () => {
	const pages = await walk(`${messages}?limit=10`);
	expect(pages.length).toBeGreaterThan(2);
	let url = `${messages}?limit=10`;
	for (const [index] of pages.entries()) {
		const response = await fetch(url);
		const last = index === pages.length - 1;
		expect([index, response.headers.has("etag"), response.headers.has("link")]).toEqual([index, !last, !last]);
		url = new URL(/<([^>]+)>/.exec(response.headers.get("link") ?? "")?.[1] ?? "", url).href;
	}
});
