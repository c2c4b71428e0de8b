import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findChromium } from "../../tools/chromium.ts";

/** A page in Chromium, and what it did that no page of ours may do. */
export interface Visit {
	readonly page: Page;
	/**
	 * Takes what went wrong since the last call: errors and warnings on its console (of its content security policy too),
	 * what it threw, and each request to another origin than its own.
	 */
	takeProblems(): string[];
	/** When each message came into view, by its seq, milliseconds since 1970. */
	shownAt(seq: number): Promise<number>;
	/** The seqs of the channel's messages in the document, from top to bottom. */
	seqs(): Promise<number[]>;
	/** Closes it, for `await using`. */
	[Symbol.asyncDispose](): Promise<void>;
}

/** Starts Chromium, without anything that it does on its own over the network. */
export function launchChromium(): Promise<Browser> {
	const executablePath = findChromium();
	if (executablePath === undefined) throw new Error("There is no Chromium.");
	const switches = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking";
	const more = "disable-component-update disable-sync";
	return chromium.launch({ executablePath, args: `${switches} ${more}`.split(" ").map((name) => `--${name}`) });
}

/** Opens a page in a context of its own, which remembers nothing of others. It reconnects without a long delay. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
	const context = await browser.newContext({ locale: "en-US", ...options });
	// Shorter than the patience of a test, so that what never comes is told by its name.
	context.setDefaultTimeout(8_000);
	const page = await context.newPage();
	const problems: string[] = [];
	const { host } = new URL(url);
	const look = (address: string) => {
		if (!address.startsWith("data:") && new URL(address).host !== host) problems.push(`asked ${address}`);
	};
	page.on("request", (request) => look(request.url()));
	page.on("websocket", (socket) => look(socket.url()));
	page.on("pageerror", (error) => problems.push(`threw ${error.stack}`));
	page.on("console", (message) => {
		if (["error", "warning"].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`);
	});
	await page.addInitScript(noteWhatIsShown);
	await page.goto(url);
	return {
		page,
		takeProblems: () => problems.splice(0),
		shownAt: (seq) => page.evaluate((seq) => (window as unknown as Noted).shown[seq] ?? 0, seq),
		seqs: () =>
			page.locator("#messages li[data-seq]").evaluateAll((items) => items.map(({ dataset }) => Number(dataset.seq))),
		[Symbol.asyncDispose]: () => context.close(),
	};
}

interface Noted {
	shown: Record<number, number>;
}

function noteWhatIsShown(): void {
	const noted = window as unknown as Noted;
	noted.shown = {};
	// A reconnect may wait up to five seconds, by chance.
	Math.random = () => 0.02;
	new MutationObserver((changes) => {
		for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
			if (node instanceof HTMLElement && node.dataset.seq) noted.shown[Number(node.dataset.seq)] ??= Date.now();
		}
	}).observe(document, { childList: true, subtree: true });
}
