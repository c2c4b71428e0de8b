import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import type { Browser, Page, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "../../tools/chromium.ts";
import { faintTexts } from "../helpers/contrast.ts";
import { headOf, postJson, publishAll, readMessages } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";
import { launchChromium, type Visit, visit } from "../helpers/visit.ts";

const run = promisify(execFile);

// In CI a missing Chromium is an error of vitest.config.ts; elsewhere these count as skipped.
describe.skipIf(findChromium() === undefined)("the page at GET /", () => {
	let server: TestServer;
	let browser: Browser;
	let channel: string;
	/** Stays open from the empty channel to the last test: what it shows is what one person would see. */
	let visitor: Visit;
	let page: Page;

	beforeAll(async () => {
		[server, browser] = await Promise.all([startServer(), launchChromium()]);
		channel = `${server.url}/v1/spaces/default/channels/exchange`;
		visitor = await visit(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"] });
		({ page } = visitor);
	});
	afterEach(() => expect(visitor.takeProblems()).toEqual([]));
	afterAll(async () => {
		await browser.close();
		await server.stop();
	});

	async function publish(name: string, message: string): Promise<number> {
		const answer = await postJson(`${server.url}/v1/exchange`, { name, message });
		const { position } = (await answer.json()) as { readonly position: string };
		return Number(position.split(":")[1]);
	}

	async function head(): Promise<number> {
		return Number((await headOf(channel)).split(":")[1]);
	}

	const line = (seq: number, on = page) => on.locator(`#messages li[data-seq="${seq}"]`);
	const state = (name: string, on = page) => on.locator(`#state[data-state=${name}]`).waitFor();
	const answered = (text: string | RegExp, on = page) => on.getByRole("status").getByText(text).waitFor();

	/** Fills the form and sends it as a person at a keyboard does. */
	async function send(name: string, message: string, on = page): Promise<void> {
		await on.getByLabel(/^Name|名字$/).fill(name);
		await on.getByLabel(/^Message|消息$/).fill(message);
		await on.keyboard.press("Enter");
	}

	/** Presses the copy button of a program and reads the clipboard. */
	async function copied(program: string): Promise<string> {
		await page.getByRole("button", { name: `Copy ${program}` }).click();
		await page.getByRole("button", { name: `Copied ${program}` }).waitFor();
		return page.evaluate(() => navigator.clipboard.readText());
	}

	test("says what to do while the channel is empty, and no longer once a message came", async () => {
		await state("connected");
		await page.getByText("No messages yet").waitFor();
		await line(await publish("Ada", "the first")).waitFor();
		expect(await page.getByText("No messages yet").isVisible()).toBe(false);
	});

	test("shows within a second what its own Python program, copied from it, sends over raw TCP", async () => {
		expect(await page.locator("#python").textContent()).toContain('("127.0.0.1", 9999)');
		await page.getByLabel("TCP port").fill(`${server.tcp.port}`);
		const program = await copied("Python");
		expect(program.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
		const { stdout } = await run("python3", ["-c", program], { env: { ...process.env, PYTHONUTF8: "1" } });
		const ended = Date.now();
		expect(stdout).toBe("success Hello, Ada! Your message is stored.\n");
		const seq = await head();
		await line(seq).waitFor();
		const stored = (await readMessages(`${channel}/messages`)).at(-1);
		expect(stored).toMatchObject({ seq, from: "tcp", data: { name: "Ada", message: "Hello, server!" } });
		const clock = new Date(stored?.ts ?? 0).toTimeString().slice(0, 8);
		expect(await line(seq).textContent()).toBe(`seq ${seq}Ada tcp${clock}Hello, server!`);
		const shownAt = await visitor.shownAt(seq);
		expect(shownAt - (stored?.ts ?? 0)).toBeLessThan(1_000);
		expect(shownAt - ended).toBeLessThan(1_000);
	});

	test("shows what its curl line sends, run in a shell as it was copied", async () => {
		const command = await copied("curl");
		const { stdout } = await run("sh", ["-c", command]);
		expect(JSON.parse(stdout)).toMatchObject({ status: "success", message: expect.stringContaining("Ada") });
		await line(await head()).waitFor();
	});

	test("its web page, copied and served from another port, publishes, subscribes and shows up here", async () => {
		const html = await copied("A web page");
		const files = createServer((request, response) => {
			response.writeHead(request.url === "/" ? 200 : 204, { "content-type": "text/html" });
			response.end(request.url === "/" ? html : undefined);
		});
		await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
		try {
			const next = (await head()) + 1;
			await using saved = await visit(browser, `http://127.0.0.1:${(files.address() as AddressInfo).port}/`);
			await saved.page.getByText(`${next} Ada: Hello, server!`).waitFor();
			await line(next).waitFor();
			expect(saved.takeProblems().filter((problem) => !problem.startsWith("asked "))).toEqual([]);
		} finally {
			files.closeAllConnections();
			files.close();
		}
	});

	test("sends from its form, shows the server's answer and the message, which is stored", async () => {
		const seq = (await head()) + 1;
		await send("Grace", "from the form");
		await line(seq).waitFor();
		const stored = (await readMessages(`${channel}/messages`)).at(-1);
		expect(stored).toMatchObject({ seq, data: { name: "Grace", message: "from the form" } });
		await answered(`The server answered: “Hello, Grace! Your message is stored.” (seq ${seq})`);
		expect(await page.getByLabel("Message").inputValue()).toBe("");
		expect(await page.getByLabel("Name").inputValue()).toBe("Grace");
	});

	test("says what keeps a message from being stored: a field left empty, or the server's refusal", async () => {
		const before = await head();
		await send("", "no name");
		await answered("Not sent: write a name first.");
		await send("Grace", " ");
		await answered("Not sent: write a message first.");
		await send("Grace", "x".repeat(70_000));
		await answered("Not stored. ");
		expect(await page.getByLabel("Message").inputValue()).toHaveLength(70_000);
		expect(await head()).toBe(before);
		// Browsers themselves put each refusal on the console.
		expect(visitor.takeProblems()).toEqual([expect.stringContaining("413 (Payload Too Large)")]);
		await page.getByLabel("Message").fill("");
	});

	test("stores once what is sent again because its answer was lost", async () => {
		const before = await head();
		const loseTheAnswer = async (route: Route) => {
			await route.fetch();
			await route.abort();
		};
		await page.route("**/v1/exchange", loseTheAnswer, { times: 1 });
		await send("Grace", "answered in vain");
		await answered("No answer. Send again");
		await line(before + 1).waitFor();
		await page.keyboard.press("Enter");
		await answered(`(seq ${before + 1})`);
		expect(await head()).toBe(before + 1);
		expect(visitor.takeProblems()).toEqual([expect.stringContaining("net::ERR_FAILED")]);
	});

	test("shows names and messages as the text they are, and other JSON as JSON", async () => {
		const name = "<img src=x onerror=\"document.title='run'\">";
		const seq = await publish(name, "<script>document.title='run'</script>");
		await line(seq).getByText(name, { exact: true }).waitFor();
		await line(seq).getByText("<script>document.title='run'</script>", { exact: true }).waitFor();
		const data = { temperature: 21.5, name: { of: "a place" }, message: null };
		await publishAll(`${channel}/messages`, [data, "just text", { name: "__proto__", message: "a\nb" }]);
		await line(seq + 3).waitFor();
		const texts = [1, 2, 3].map((later) => page.locator(`[data-seq="${seq + later}"] .text`).textContent());
		expect(await Promise.all(texts)).toEqual([JSON.stringify(data), "just text", "a\nb"]);
		expect(await page.locator("#messages").locator("img, script").count()).toBe(0);
		expect(await page.title()).toBe("Aerogram");
	});

	test("speaks English and Chinese, as the browser does at first and as was chosen from then on", async () => {
		await using chinese = await visit(browser, server.url, { locale: "zh-CN" });
		await state("connected", chinese.page);
		const texts = () => chinese.page.locator("[data-text]").allTextContents();
		const language = () => chinese.page.evaluate(() => document.documentElement.lang);
		expect(await language()).toBe("zh-CN");
		const before = await texts();
		await send("小飞机", "你好", chinese.page);
		await answered(/^服务器回答.*小飞机/, chinese.page);
		await chinese.page.getByRole("button", { name: "English" }).click();
		await answered(/^The server answered: .*小飞机/, chinese.page);
		expect(await language()).toBe("en");
		const after = await texts();
		expect(before.filter((text, index) => text.trim() === "" || text === after[index])).toEqual([]);
		await chinese.page.reload();
		expect(await language()).toBe("en");
		expect(chinese.takeProblems()).toEqual([]);
	});

	test("fits 360 pixels and any more, is legible in light and dark, and is walked through by keyboard", async () => {
		for (const [width, colorScheme] of [
			[360, "light"],
			[700, "dark"],
			[1_280, "dark"],
			[2_000, "light"],
		] as const) {
			await page.setViewportSize({ width, height: 800 });
			await page.emulateMedia({ colorScheme });
			expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
			expect(await page.evaluate(faintTexts)).toEqual([]);
		}
		await page.getByRole("button", { name: "中文" }).focus();
		const order: string[] = [];
		for (let press = 0; press < 10; press++) {
			await page.keyboard.press("Tab");
			order.push(await page.evaluate(() => document.activeElement?.id ?? ""));
		}
		expect(order.join(" ")).toBe("log name message send copy-python port python copy-curl curl copy-page");
	});

	test("keeps the last 300 lines, follows the end, and leaves a reader further up where they are", async () => {
		const flood = Array.from({ length: 350 }, (_, index) => ({ name: "Many", message: `number ${index}` }));
		await publishAll(`${channel}/messages`, flood);
		const last = await head();
		await line(last).waitFor();
		const expected = Array.from({ length: 300 }, (_, index) => last - 299 + index);
		await until(async () => (await visitor.seqs()).length === 300, "300 lines");
		expect(await visitor.seqs()).toEqual(expected);
		const isInView = (seq: number) =>
			line(seq).evaluate((item) => {
				const [inner, outer] = [item.getBoundingClientRect(), document.getElementById("log")?.getBoundingClientRect()];
				return outer !== undefined && inner.top >= outer.top && inner.bottom <= outer.bottom;
			});
		expect(await isInView(last)).toBe(true);

		await line(last - 100).evaluate((item) => item.scrollIntoView({ block: "center" }));
		const place = () => line(last - 100).evaluate((item) => Math.round(item.getBoundingClientRect().top));
		const before = await place();
		await publish("Ada", "while you read");
		const newer = page.getByRole("button", { name: "1 new message" });
		await newer.waitFor();
		expect(await place()).toBe(before);
		expect((await visitor.seqs()).length).toBe(300);
		await newer.click();
		expect(await isInView(last + 1)).toBe(true);
		await newer.waitFor({ state: "hidden" });
	});

	test("starts with the last 50 messages, at the end", async () => {
		await page.reload();
		await state("connected");
		const last = await head();
		await line(last).waitFor();
		expect(await visitor.seqs()).toEqual(Array.from({ length: 50 }, (_, index) => last - 49 + index));
		expect(await page.locator("#log").evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight)).toBe(0);
	});

	test("goes on after kill -9 and a restart without a double or a gap", async () => {
		const [first = 0] = await visitor.seqs();
		const before = await publish("Ada", "before the kill");
		await line(before).waitFor();
		await server.kill();
		await state("waiting");
		await page.getByText(/^Waiting\. The server cannot be reached\. Next try in \d+ s\.$/).waitFor();
		await send("Ada", "sent into the dark");
		await answered("No answer. Send again");
		await server.restart();
		await publish("Ada", "before you were back");
		await state("connected");
		await send("Ada", "sent into the dark");
		await answered("The server answered: ");
		await line(before + 2).waitFor();
		await line(await publish("Ada", "after all")).waitFor();
		expect(await visitor.seqs()).toEqual(Array.from({ length: before + 4 - first }, (_, index) => first + index));
		const stored = await readMessages(`${channel}/messages`, `${(await headOf(channel)).split(":")[0]}:${before}`);
		expect(stored.map(({ data }) => (data as unknown as { message: string }).message)).toEqual([
			"before you were back",
			"sent into the dark",
			"after all",
		]);
		for (const problem of visitor.takeProblems()) expect(problem).toMatch(/net::ERR_(CONNECTION|EMPTY|INCOMPLETE)/);
	});

	test("says so when messages could not be replayed, and goes on", async () => {
		await fetch(channel, { method: "DELETE" });
		await page.getByText("The channel was purged").waitFor();
		await line(await publish("Ada", "after the purge")).waitFor();
		await page.getByRole("button", { name: "中文" }).click();
		await page.getByText("频道已被清空").waitFor();
		await fetch(`${server.url}/v1/spaces/default`, { method: "DELETE" });
		await page.getByText(/^空间已被清空.*重新开始$/).waitFor();
		expect(await publish("Ada", "a new life")).toBe(1);
		await line(1).getByText("a new life").waitFor();
	});
});
