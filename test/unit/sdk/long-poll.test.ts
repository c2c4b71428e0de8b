import { describe, expect, onTestFinished, test } from "vitest";
import { durations, limits } from "../../../protocol/limits.ts";
import { LongPollTransport } from "../../../sdk/transports/long-poll.ts";
import { FakeClock, settle } from "./helpers/fake-clock.ts";
import { HandFetch, listen } from "./helpers/hand-fetch.ts";

const url = "wss://edge.test/v1/spaces/team/socket?client=me";
const epoch = "000000001aaaaaaaa";
const welcome = { t: "welcome", greeting: "", epoch, connection: "c1", limits, features: [] };

function open() {
	const clock = new FakeClock();
	const hand = new HandFetch();
	const { told, events } = listen();
	const transport = new LongPollTransport(url, { fetch: hand.fetch, clock, durations });
	onTestFinished(() => transport.close());
	transport.open(events);
	return { clock, requests: hand.requests, told, transport, hand };
}

/** A transport that was welcomed. */
async function connect(told = welcome) {
	const opened = open();
	await opened.requests[0]?.answer([told]);
	opened.told.length = 0;
	opened.requests.length = 0;
	/** What was handed on since the last look, envelope by envelope. */
	const news = () =>
		opened.told.splice(0).flatMap((one) => (typeof one === "string" && one !== "pong" ? JSON.parse(one) : [one]));
	return { ...opened, news };
}

/** One that is subscribed to `chat` after message 5, with its poll parked. */
async function subscribe() {
	const connected = await connect();
	connected.transport.send(sub(1));
	await (await connected.hand.latest()).answer([welcome, ok(1, 5)]);
	connected.news();
	return { ...connected, parked: await connected.hand.latest() };
}

const sub = (ref: number, ch = "chat") => JSON.stringify({ t: "sub", ref, ch, at: "live" });
const unsub = (ref: number, ch = "chat") => JSON.stringify({ t: "unsub", ref, ch });
const pub = (ref: number, data: unknown = ref) => JSON.stringify({ t: "pub", ref, ch: "chat", data });
const ok = (ref: number, after: number) => ({ t: "ok", ref, epoch, head: after, after, recovered: true });
const entry = (seq: number, data: unknown = "x") => ({ seq, ts: 0, id: `a/${seq}`, from: "anonymous", data });
const msg = (after: number, to: number, data: unknown = "x", ch = "chat") => ({
	t: "msg",
	ch,
	after,
	e: Array.from({ length: to - after }, (_, index) => entry(after + index + 1, data)),
	to,
});
const renewal = (ref: number, ch: string, seq: number, id?: string) => ({
	t: "sub",
	ref,
	ch,
	at: { epoch, seq, ...(id && { id }) },
});

describe("the first poll", () => {
	test("asks for nothing and is answered with the welcome; without a subscription no other follows", async () => {
		const { requests, told } = open();
		const [first] = requests;
		expect([first?.method, first?.url.href, first?.body]).toEqual([
			"POST",
			"https://edge.test/v1/spaces/team/socket?client=me&wait=0&poll=new",
			"[]",
		]);
		await first?.answer([welcome]);
		expect(told).toEqual([JSON.stringify(welcome)]);
		expect(requests).toHaveLength(1);
	});

	test.each([
		["a refusal", 503, "not_configured", 4000],
		["a full space", 503, "space_full", 4100],
	])("that meets %s ends with the server's word", async (_, status, code, close) => {
		const { requests, told } = open();
		await requests[0]?.refuse(status, code);
		expect(told).toEqual([JSON.stringify({ t: "bye", code, message: `It is ${code}.` }), [close, `It is ${code}.`]]);
	});

	test.each<[string, unknown]>([
		["nothing", []],
		["no frame", "hello"],
		["another welcome", { hello: "hotel guest" }],
	])("that is answered by somebody else, with %s, is a lost connection", async (_, answer) => {
		const { requests, told } = open();
		await requests[0]?.answer(answer);
		expect(told).toEqual([[1006, "The answer did not come from an Aerogram server."]]);
	});
});

describe("a subscription", () => {
	test("is asked for at once; from then on every poll asks for it again, after the last message, and waits", async () => {
		const { transport, news, hand } = await connect();
		transport.send(sub(7));
		const asking = await hand.latest();
		expect([asking.url.search, asking.body]).toEqual(["?client=me&wait=0&poll=c1", sub(7)]);
		await asking.answer([welcome, ok(7, 5), msg(5, 6)]);
		expect(news()).toEqual([ok(7, 5), msg(5, 6)]);
		const first = await hand.latest();
		expect([first.url.search, first.envelopes]).toEqual(["?client=me&wait=25&poll=c1", [renewal(0, "chat", 6, "a/6")]]);
		await first.answer([welcome, ok(0, 6), msg(6, 8)]);
		expect(news()).toEqual([msg(6, 8)]);
		const second = await hand.latest();
		expect(second.envelopes).toEqual([renewal(0, "chat", 8, "a/8")]);
		await second.answer([welcome, ok(0, 8)]);
		expect(news()).toEqual([]);
		expect((await hand.latest()).envelopes).toEqual([renewal(0, "chat", 8, "a/8")]);
	});

	test("knows no id where a frame ends in what was withheld", async () => {
		const { parked, hand } = await subscribe();
		await parked.answer([welcome, ok(0, 5), { ...msg(5, 6), to: 9 }]);
		expect((await hand.latest()).envelopes).toEqual([renewal(0, "chat", 9)]);
	});

	test("that is new interrupts the parked poll, and both are in the next", async () => {
		const { parked, transport, hand, news } = await subscribe();
		transport.send(sub(2, "news"));
		const asking = await hand.latest();
		expect([parked.aborted, asking.envelopes]).toEqual([true, [JSON.parse(sub(2, "news"))]]);
		// Not interrupted itself: it is answered at once, and what comes meanwhile has its turn after it.
		transport.send(sub(3, "log"));
		expect((await hand.latest()).aborted).toBe(false);
		await asking.answer([welcome, ok(2, 0)]);
		await (await hand.latest()).answer([welcome, ok(3, 9)]);
		expect(news()).toEqual([ok(2, 0), ok(3, 9)]);
		expect((await hand.latest()).envelopes).toEqual([
			renewal(0, "chat", 5),
			renewal(1, "news", 0),
			renewal(2, "log", 9),
		]);
	});

	test("that ends interrupts the parked poll, and is in no other", async () => {
		const { parked, transport, hand, news, requests } = await subscribe();
		transport.send(unsub(2));
		const asking = await hand.latest();
		expect([parked.aborted, asking.body]).toEqual([true, unsub(2)]);
		await asking.answer([welcome, { t: "ok", ref: 2 }]);
		expect(news()).toEqual([{ t: "ok", ref: 2 }]);
		await settle();
		expect(requests.at(-1)).toBe(asking);
	});

	test("that is refused leaves the one before it standing; that is reset does not", async () => {
		const { transport, hand, news } = await subscribe();
		transport.send(sub(2));
		const refusal = { t: "err", ref: 2, code: "internal", message: "" };
		await (await hand.latest()).answer([welcome, refusal]);
		const parked = await hand.latest();
		expect(parked.envelopes).toEqual([renewal(0, "chat", 5)]);
		transport.send(sub(3));
		const reset = { t: "reset", ch: "chat", ref: 3, reason: "retention", epoch, floor: 9, head: 9 };
		await (await hand.latest()).answer([welcome, reset]);
		expect(news()).toEqual([refusal, reset]);
		expect((await hand.latest()).aborted).toBe(false);
		expect((await hand.latest()).body).toBe(sub(3));
	});

	test.each([
		["its renewal", { ref: 0 }],
		["a purge while the poll was parked", {}],
	])("that the server ends by %s is told without a ref, and is in no other poll", async (_, ref) => {
		const { parked, news, hand } = await subscribe();
		const reset = { t: "reset", ch: "chat", reason: "purged", epoch, floor: 6, head: 5 };
		await parked.answer([welcome, ...("ref" in ref ? [] : [ok(0, 5)]), { ...reset, ...ref }]);
		expect(news()).toEqual([reset]);
		expect(await hand.latest()).toBe(parked);
	});

	test("beyond as many as a socket may have is refused here, and its messages with it", async () => {
		const { transport, hand, news } = await connect({
			...welcome,
			limits: { ...limits, channelsPerSocket: 1 } as never,
		});
		transport.send(`[${sub(1)},${sub(2, "news")}]`);
		await (await hand.latest()).answer([welcome, ok(1, 5), ok(2, 0), msg(0, 1, "x", "news")]);
		expect(news()).toEqual([ok(1, 5), { t: "err", ref: 2, code: "too_big", message: expect.any(String) }]);
		expect((await hand.latest()).envelopes).toEqual([renewal(0, "chat", 5)]);
		// One that goes makes room.
		transport.send(`[${unsub(3)},${sub(4, "news")}]`);
		await (await hand.latest()).answer([welcome, { t: "ok", ref: 3 }, ok(4, 1)]);
		expect((await hand.latest()).envelopes).toEqual([renewal(0, "news", 1)]);
	});
});

describe("publishes", () => {
	test("go beside the parked poll, one request at a time, in order; what waits meanwhile goes as one", async () => {
		const { parked, transport, hand, news, requests } = await subscribe();
		transport.send(pub(2));
		transport.send(`[${pub(3)},${pub(4)}]`);
		const first = await hand.latest();
		expect([first.url.search, first.body]).toEqual(["?client=me&wait=0&poll=c1", pub(2)]);
		await first.answer([welcome, { t: "ok", ref: 2, seq: 6 }]);
		expect(news()).toEqual([{ t: "ok", ref: 2, seq: 6 }]);
		const second = await hand.latest();
		expect(second.body).toBe(`[${pub(3)},${pub(4)}]`);
		await second.answer([welcome, { t: "ok", ref: 3, seq: 7 }, { t: "ok", ref: 4, seq: 8 }]);
		expect(parked.aborted).toBe(false);
		expect(requests.at(-1)).toBe(second);
	});

	test("that cannot be read here go to the server, which says what is wrong with them", async () => {
		const { transport, hand } = await connect();
		transport.send('{"t":"enter","ref":1,"ch":"chat"}');
		expect((await hand.latest()).body).toBe('{"t":"enter","ref":1,"ch":"chat"}');
	});

	test("are acknowledged before their own message is handed on", async () => {
		const { parked, transport, hand, news } = await subscribe();
		transport.send(pub(2));
		await settle();
		await parked.answer([welcome, ok(0, 5), msg(5, 6)]);
		expect(news()).toEqual([]);
		await (await hand.latest()).answer([welcome, { t: "ok", ref: 2, seq: 6 }]);
		expect(news()).toEqual([{ t: "ok", ref: 2, seq: 6 }, msg(5, 6)]);
	});
});

describe("flow control", () => {
	const half = "x".repeat(limits.windowBytes / 2);

	test("keeps the next poll until the application has taken enough of what came", async () => {
		const { parked, transport, hand } = await subscribe();
		await parked.answer([welcome, ok(0, 5), msg(5, 6, half), msg(6, 7, half)]);
		expect(await hand.latest()).toBe(parked);
		transport.send(JSON.stringify({ t: "credit", ch: "chat", seq: 6 }));
		expect((await hand.latest()).envelopes).toEqual([renewal(0, "chat", 7, "a/7")]);
	});

	test("answers a new subscription all the same, and leaves its messages for later", async () => {
		const { parked, transport, hand, news } = await subscribe();
		await parked.answer([welcome, ok(0, 5), msg(5, 6, half), msg(6, 7, half)]);
		news();
		transport.send(sub(2, "news"));
		await (await hand.latest()).answer([welcome, ok(2, 0), msg(0, 1, "x", "news")]);
		expect(news()).toEqual([ok(2, 0)]);
		transport.send(JSON.stringify({ t: "credit", ch: "chat", seq: 7 }));
		expect((await hand.latest()).envelopes).toEqual([renewal(0, "chat", 7, "a/7"), renewal(1, "news", 0)]);
	});

	test("forgets what a subscription was owed when it ends", async () => {
		const { parked, transport, hand } = await subscribe();
		await parked.answer([welcome, ok(0, 5), msg(5, 6, half), msg(6, 7, half)]);
		transport.send(`[${unsub(2)},${sub(3, "news")}]`);
		await (await hand.latest()).answer([welcome, { t: "ok", ref: 2 }, ok(3, 0)]);
		expect((await hand.latest()).envelopes).toEqual([renewal(0, "news", 0)]);
	});
});

describe("an end", () => {
	const text: unknown = expect.any(String);

	test.each<[string, unknown[], unknown[]]>([
		[
			"another epoch is a wiped space",
			[{ ...welcome, epoch: "000000002aaaaaaaa" }, ok(0, 5)],
			[{ t: "bye" }, [4202, text]],
		],
		["a bye is handed on", [welcome, ok(0, 5), { t: "bye", code: "wiped", message: "" }], [{ t: "bye" }]],
		[
			"a renewal that is refused",
			[welcome, { t: "err", ref: 0, code: "internal", message: "" }],
			[{ t: "bye" }, [1011, text]],
		],
		["an answer that breaks off", [welcome], [[1006, text]]],
	])("%s", async (_, answer, expected) => {
		const { parked, news } = await subscribe();
		await parked.answer(answer);
		expect(news()).toMatchObject(expected);
	});

	test.each([
		["the parked poll", 1],
		["a publish", 2],
	])("comes when the network loses %s, and takes the others with it", async (_, count) => {
		const { parked, transport, hand, news } = await subscribe();
		if (count === 2) transport.send(pub(2));
		const failing = await hand.latest();
		failing.fail(new TypeError("fetch failed"));
		await settle();
		expect(news()).toEqual([[1006, "fetch failed"]]);
		expect(parked.aborted || failing === parked).toBe(true);
	});

	test("by close gives up every request, and tells nothing more", async () => {
		const { parked, transport, hand, news, requests } = await subscribe();
		transport.send(pub(2));
		const publish = await hand.latest();
		transport.close();
		expect([parked.aborted, publish.aborted]).toEqual([true, true]);
		transport.send(`[${pub(3)},${sub(4)}]`);
		await settle();
		expect(news()).toEqual([]);
		expect(requests.at(-1)).toBe(publish);
	});
});

describe("a ping", () => {
	test("is answered here while a poll is parked that began in time, else by the answer to it", async () => {
		const { parked, transport, told, clock, requests } = await subscribe();
		await clock.advance(25_000);
		transport.send("ping");
		expect(told.splice(0)).toEqual(["pong"]);
		await clock.advance(1);
		transport.send("ping");
		expect(told).toEqual([]);
		await parked.answer([welcome, ok(0, 5)]);
		expect(told).toEqual(["pong"]);
		expect(requests).toHaveLength(3);
	});

	test("asks the server where no poll is parked", async () => {
		const { transport, told, hand, requests } = await connect();
		transport.send("ping");
		const asking = await hand.latest();
		expect([requests.length, asking.body, told]).toEqual([1, "[]", []]);
		await asking.answer([welcome]);
		expect(told).toEqual(["pong"]);
	});
});
