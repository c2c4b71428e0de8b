import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "../../tools/chromium.ts";
import { publishAll } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { launchChromium, visit } from "../helpers/visit.ts";

/** What a page's EventSource has told it. */
interface Heard {
	readonly ids: readonly string[];
	readonly resets: readonly string[];
	/** How often it connected. */
	readonly opened: number;
}

/** How long a browser on a busy machine may take. */
const patience = { timeout: 20_000 };

/** Opens an EventSource in a page and keeps what it tells. */
async function listen(page: Page, path: string): Promise<{ heard(): Promise<Heard> }> {
	await page.evaluate((path) => {
		const heard = { ids: [] as string[], resets: [] as string[], opened: 0 };
		const source = new EventSource(path);
		source.onopen = () => {
			heard.opened += 1;
		};
		source.onmessage = ({ lastEventId }) => void heard.ids.push(lastEventId);
		source.addEventListener("reset", ({ data }) => void heard.resets.push(data));
		Object.assign(window, { heard });
	}, path);
	return { heard: () => page.evaluate(() => (window as unknown as { heard: Heard }).heard) };
}

// In CI a missing Chromium is an error of vitest.config.ts; elsewhere these count as skipped.
describe.skipIf(findChromium() === undefined)("a native EventSource in Chromium", () => {
	let server: TestServer;
	let browser: Browser;

	beforeAll(async () => {
		// An EventSource comes back after a tenth of what a reader of a shipped server waits.
		[server, browser] = await Promise.all([startServer({ env: { AEROGRAM_DURATION_SCALE: "0.1" } }), launchChromium()]);
	});
	afterAll(async () => {
		await browser.close();
		await server.stop();
	});

	test("goes on across three kill -9 of the server, with all ids in order, none missing and none doubled", async () => {
		await using visitor = await visit(browser, server.url);
		const channel = "/v1/spaces/killed/channels/chat/messages";
		const { heard } = await listen(visitor.page, `${channel}?after=0`);
		for (let life = 1; life <= 3; life++) {
			const before = (await heard()).ids.length;
			// The kill cuts it off, and the page with it, somewhere in the middle.
			const publishing = publishAll(server.url + channel, Array(10_000).fill("x".repeat(200))).catch(() => "cut off");
			await expect
				.poll(async () => (await heard()).ids.length, { interval: 5, ...patience })
				.toBeGreaterThan(before + 100);
			await server.kill();
			expect(await publishing).toBe("cut off");
			await server.restart();
			// Before the page comes back.
			await publishAll(server.url + channel, ["nobody", "listens", "now"]);
		}
		const last = await publishAll(server.url + channel, ["the last"]);
		await expect.poll(async () => (await heard()).ids.at(-1), patience).toBe(last);
		const { ids, resets, opened } = await heard();
		const [epoch, head] = last.split(":");
		expect(ids).toEqual(Array.from({ length: Number(head) }, (_, index) => `${epoch}:${index + 1}`));
		expect(Number(head)).toBeGreaterThan(300);
		expect(resets).toEqual([]);
		expect(opened).toBeGreaterThan(1);
	});

	test("is told of a wipe that came while the server was away, and goes on in the new epoch", async () => {
		await using visitor = await visit(browser, server.url);
		const space = `${server.url}/v1/spaces/wiped`;
		const { heard } = await listen(visitor.page, "/v1/spaces/wiped/events?channel=a&channel=b");
		await expect.poll(async () => (await heard()).opened, patience).toBe(1);
		const before = await publishAll(`${space}/channels/a/messages`, [1, 2]);
		await expect.poll(async () => (await heard()).ids.length, patience).toBe(2);
		await server.restart();
		expect((await fetch(space, { method: "DELETE" })).status).toBe(204);
		const last = await publishAll(`${space}/channels/b/messages`, [3]);
		const epoch = last.split(":")[0];
		expect(epoch).not.toBe(before.split(":")[0]);
		await expect.poll(async () => (await heard()).ids.at(-1), patience).toBe(`${epoch}:a=0,b=1`);
		const { resets } = await heard();
		const told = resets.map((data) => JSON.parse(data) as { channel: string; reason: string });
		expect(
			told
				.filter(({ reason }) => reason === "epoch")
				.map(({ channel }) => channel)
				.sort(),
		).toEqual(["a", "b"]);
	});
});
