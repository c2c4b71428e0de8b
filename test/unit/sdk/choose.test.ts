import { expect, onTestFinished, test } from "vitest";
import { WebSocket as WsWebSocket } from "ws";
import { durations, limits } from "../../../protocol/limits.ts";
import { Aerogram, type AerogramOptions } from "../../../sdk/index.ts";
import type { Transport } from "../../../sdk/transports/port.ts";
import { FakeClock, settle } from "./helpers/fake-clock.ts";
import { HandFetch } from "./helpers/hand-fetch.ts";

// Loaded ahead: what loads it later waits for no clock of a test.
import "../../../sdk/over-http.ts";

const welcome = { t: "welcome", greeting: "", epoch: "000000001aaaaaaaa", connection: "c", limits, features: [] };

/** Takes something away from the platform until the test is over. */
function without(place: object, name: string): void {
	const own = Object.getOwnPropertyDescriptor(place, name);
	if (!own) throw new Error(`there is no ${name}`);
	Reflect.deleteProperty(place, name);
	onTestFinished(() => void Object.defineProperty(place, name, own));
}

/** A client that wants to connect, and what it asked of HTTP so far. */
function setUp(options: AerogramOptions = {}) {
	const clock = new FakeClock();
	const hand = new HandFetch();
	const client = new Aerogram("https://edge.test", { fetch: hand.fetch, clock, random: () => 0, ...options });
	onTestFinished(() => client.close());
	const space = client.space("team");
	/** The kinds of its requests, without those that go up beside a stream. */
	const attempts = () =>
		hand.requests.flatMap(({ headers, url }) => {
			if (headers.get("accept") === "text/event-stream") return ["sse"];
			return url.searchParams.has("wait") ? ["long-poll"] : [];
		});
	return { clock, hand, client, space, attempts };
}

/** Lets the time pass that an attempt may take, and the delay before the next. */
async function giveUp(clock: FakeClock): Promise<void> {
	await clock.advance(durations.connect + durations.backoffFloor);
}

/** A class of WebSockets that notes what it is asked for and stays silent. */
function notingWebSocket() {
	const urls: string[] = [];
	class NotingWebSocket {
		binaryType = "";
		constructor(url: string) {
			urls.push(url);
		}
		send() {}
		close() {}
		addEventListener() {}
	}
	return { urls, NotingWebSocket };
}

test("with nothing said, the platform's WebSocket is used", async () => {
	const { urls, NotingWebSocket } = notingWebSocket();
	const own = globalThis.WebSocket;
	globalThis.WebSocket = NotingWebSocket as never;
	onTestFinished(() => {
		globalThis.WebSocket = own;
	});
	const { space, attempts, client } = setUp();
	space.connect();
	await settle();
	expect([urls, attempts()]).toEqual([[`wss://edge.test/v1/spaces/team/socket?client=${client.client}`], []]);
});

test("where the platform has none, a class that is given is used", async () => {
	without(globalThis, "WebSocket");
	const { urls, NotingWebSocket } = notingWebSocket();
	const { space, attempts } = setUp({ WebSocket: NotingWebSocket });
	space.connect();
	await settle();
	expect([urls.length, attempts()]).toEqual([1, []]);
});

test("without any WebSocket, an event stream is opened", async () => {
	without(globalThis, "WebSocket");
	const { space, attempts } = setUp();
	space.connect();
	await settle();
	expect(attempts()).toEqual(["sse"]);
});

test("where fetch reads no answer that has not ended, it is long-poll from the first", async () => {
	without(globalThis, "WebSocket");
	without(Response.prototype, "body");
	const { space, attempts } = setUp();
	space.connect();
	await settle();
	expect(attempts()).toEqual(["long-poll"]);
});

test.each(["sse", "long-poll"] as const)(
	"%s that is wanted is used, WebSocket or not, and nothing else",
	async (wanted) => {
		const { urls, NotingWebSocket } = notingWebSocket();
		const { space, attempts, clock } = setUp({ transport: wanted, WebSocket: NotingWebSocket });
		space.connect();
		const subscription = space.channel("chat").subscribe();
		for (let attempt = 0; attempt < 3; attempt++) await giveUp(clock);
		expect(new Set(attempts())).toEqual(new Set([wanted]));
		expect(attempts().length).toBeGreaterThanOrEqual(3);
		expect(urls).toEqual([]);
		subscription.unsubscribe();
	},
);

test("a factory that is wanted is used, and given the URL of the socket", async () => {
	const asked: string[] = [];
	const silent: Transport = { open() {}, send() {}, close() {} };
	const transport = (url: string) => {
		asked.push(url);
		return silent;
	};
	const { space, client } = setUp({ transport, WebSocket: WsWebSocket });
	space.connect();
	expect(asked).toEqual([`wss://edge.test/v1/spaces/team/socket?client=${client.client}`]);
});

test("after a stream by which nothing came, long-poll has its turn, and is kept once it is answered", async () => {
	without(globalThis, "WebSocket");
	const { space, attempts, clock, hand } = setUp();
	const subscription = space.channel("chat").subscribe();
	await settle();
	// A proxy that keeps what it has until it has all.
	await hand.requests[0]?.stream();
	await giveUp(clock);
	expect(attempts()).toEqual(["sse", "long-poll"]);
	await hand.requests[1]?.answer([welcome]);
	expect(space.state).toBe("connected");
	hand.requests.at(-1)?.fail(new TypeError("fetch failed"));
	await settle();
	for (let attempt = 0; attempt < 3; attempt++) await giveUp(clock);
	expect(attempts().slice(2)).toEqual(
		attempts()
			.slice(2)
			.map(() => "long-poll"),
	);
	subscription.unsubscribe();
});

test("while neither is answered, they take turns", async () => {
	without(globalThis, "WebSocket");
	const { space, attempts, clock } = setUp();
	const subscription = space.channel("chat").subscribe();
	await settle();
	for (let attempt = 0; attempt < 4; attempt++) await giveUp(clock);
	expect(attempts().slice(0, 4)).toEqual(["sse", "long-poll", "sse", "long-poll"]);
	subscription.unsubscribe();
});

test("once a stream came through, or the server is not there at all, streams stay the choice", async () => {
	without(globalThis, "WebSocket");
	const { space, attempts, clock, hand } = setUp();
	const subscription = space.channel("chat").subscribe();
	await settle();
	hand.requests[0]?.fail(new TypeError("fetch failed"));
	await settle();
	await clock.advance(durations.backoffFloor);
	await hand.requests[1]?.stream();
	await hand.requests[1]?.write(`data: ${JSON.stringify(welcome)}\n\n`);
	expect(space.state).toBe("connected");
	await hand.requests[1]?.end();
	for (let attempt = 0; attempt < 3; attempt++) await giveUp(clock);
	expect(attempts().filter((kind) => kind === "long-poll")).toEqual([]);
	subscription.unsubscribe();
});
