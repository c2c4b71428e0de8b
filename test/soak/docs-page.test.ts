import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { errorCodes } from "../../protocol/errors.ts";
import { findChromium } from "../../tools/chromium.ts";
import { faintTexts } from "../helpers/contrast.ts";
import { headOf, postJson } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { launchChromium, type Visit, visit } from "../helpers/visit.ts";

const run = promisify(execFile);
const { paths, components } = inject("openapi");
const operations = Object.values(paths).flatMap((item) => Object.values(item));

// In CI a missing Chromium is an error of vitest.config.ts; elsewhere these count as skipped.
describe.skipIf(findChromium() === undefined)("the page at GET /docs", () => {
	let server: LocalServer;
	let browser: Browser;
	let visitor: Visit;

	beforeAll(async () => {
		[server, browser] = await Promise.all([serveHere(), launchChromium()]);
		await postJson(`${server.url}/v1/exchange`, { name: "Ada", message: "the first" });
		visitor = await open({ permissions: ["clipboard-read", "clipboard-write"] });
	});
	afterAll(async () => {
		await browser.close();
		await server.stop();
	});

	async function open(options: Parameters<typeof visit>[2] = {}): Promise<Visit> {
		const opened = await visit(browser, `${server.url}/docs`, options);
		await opened.page.locator(".operation").first().waitFor();
		return opened;
	}

	const card = (id: string) => visitor.page.locator(`#${id}`);

	test("shows every operation with its route, schema, error code and curl line", async () => {
		const { page } = visitor;
		expect(operations.length).toBeGreaterThan(15);
		const shown = await page.locator(".operation").evaluateAll((cards) => cards.map(({ id }) => id));
		expect(shown.sort()).toEqual(operations.map(({ operationId }) => operationId).sort());
		for (const [path, item] of Object.entries(paths)) {
			for (const [method, { operationId, summary, responses }] of Object.entries(item)) {
				const text = await card(operationId).textContent();
				for (const part of [summary, path, method.toUpperCase()]) expect(text).toContain(part);
				const lines = await card(operationId).locator("dt").allTextContents();
				expect(lines).toEqual(expect.arrayContaining(Object.keys(responses).filter((status) => status < "400")));
				expect(await card(operationId).locator("pre").first().textContent()).toMatch(/^curl /);
			}
		}
		for (const name of Object.keys(components.schemas)) expect(await page.locator(`#schema-${name}`).count()).toBe(1);
		for (const code of errorCodes) expect(await page.locator(`#error-${code}`).textContent()).toBe(code);
	});

	test("has a link at every name that leads to what it names", async () => {
		const targets = await visitor.page
			.locator('a[href^="#"]')
			.evaluateAll((links) => links.map((link) => link.getAttribute("href")?.slice(1) ?? ""));
		const ids = new Set(await visitor.page.locator("[id]").evaluateAll((elements) => elements.map(({ id }) => id)));
		expect(targets.length).toBeGreaterThan(100);
		expect(targets.filter((target) => !ids.has(target))).toEqual([]);
	});

	test("copies a curl line that works as it is", async () => {
		const before = await headOf(`${server.url}/v1/spaces/default/channels/exchange`);
		await card("storeExchange").getByRole("button", { name: "Copy" }).click();
		const line = await visitor.page.evaluate(() => navigator.clipboard.readText());
		const { stdout } = await run("sh", ["-c", line.replace(/^curl/, "curl -s")]);
		expect(JSON.parse(stdout)).toMatchObject({ status: "success" });
		expect(await headOf(`${server.url}/v1/spaces/default/channels/exchange`)).not.toBe(before);
	});

	test("tries a GET with what is filled in, and its curl line follows", async () => {
		const read = card("readMessages");
		await read.getByText("Try it").click();
		await read.getByLabel("limit").fill("1");
		await read.getByLabel("Accept").selectOption("application/xml");
		expect(await read.locator("pre").first().textContent()).toBe(
			`curl '${server.url}/v1/spaces/default/channels/exchange/messages?limit=1' \\\n  -H 'Accept: application/xml'`,
		);
		await read.getByRole("button", { name: "Send" }).click();
		await read.getByText("200 OK").waitFor();
		expect(await read.locator("output").textContent()).toContain("<page>");
	});

	test("tries a POST with a body, and shows what is refused", async () => {
		const publish = card("publishMessages");
		await publish.getByText("Try it").click();
		await publish.getByRole("button", { name: "Send" }).click();
		await publish.getByText("201 Created").waitFor();
		await publish.getByLabel("Body").fill("{");
		await publish.getByRole("button", { name: "Send" }).click();
		await publish.getByText("400 Bad Request").waitFor();
		expect(await publish.locator("output").textContent()).toContain('"code": "malformed"');
		// Chromium's own line about a request that was refused, which was the point.
		expect(visitor.takeProblems().filter((problem) => !problem.includes("400 (Bad Request)"))).toEqual([]);
	});

	test("deletes nothing by a slip: there is no form for that", async () => {
		for (const { operationId } of Object.values(paths).flatMap(({ delete: operation }) => operation ?? [])) {
			expect(await card(operationId).getByText("Try it").count()).toBe(0);
		}
	});

	test.each([
		["light", 360],
		["dark", 360],
		["light", 1280],
	] as const)(
		"fits a %s screen of %i pixels, can be read, asks nobody but its server, and complains of nothing",
		async (colorScheme, width) => {
			await using other = await open({ colorScheme, viewport: { width, height: 740 } });
			// Everything is unfolded: the widest the page can be.
			await other.page.locator("details").evaluateAll((all) => all.map((one) => one.setAttribute("open", "")));
			const [content, screen] = await other.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
			expect(content).toBe(screen);
			expect(await other.page.evaluate(faintTexts)).toEqual([]);
			expect(other.takeProblems()).toEqual([]);
		},
	);

	test("says so when the document cannot be read, and what to do", async () => {
		const context = await browser.newContext();
		const page = await context.newPage();
		await page.route("**/openapi.json", (route) => route.fulfill({ status: 500, body: "" }));
		await page.goto(`${server.url}/docs`);
		await page.getByRole("alert").getByText("Load this page again").waitFor();
		await context.close();
	});
});
