import { describe, expect, onTestFinished, test } from "vitest";
import { durations, limits } from "../../../protocol/limits.ts";
import { SseTransport } from "../../../sdk/transports/sse.ts";
import { FakeClock, settle } from "./helpers/fake-clock.ts";
import { HandFetch, listen } from "./helpers/hand-fetch.ts";

const url = "wss://edge.test/v1/spaces/team/socket?client=me";
const welcome = { t: "welcome", greeting: "", epoch: "000000001aaaaaaaa", connection: "c/1", limits, features: [] };

function open() {
	const clock = new FakeClock();
	const hand = new HandFetch();
	const { fetch, requests } = hand;
	const { told, events } = listen();
	const verdicts: boolean[] = [];
	const transport = new SseTransport(url, { fetch, clock, durations, works: (works) => verdicts.push(works) });
	onTestFinished(() => transport.close());
	transport.open(events);
	return { clock, requests, told, transport, verdicts, hand };
}

/** A transport whose stream has said welcome. */
async function connect() {
	const opened = open();
	const [stream] = opened.requests;
	if (!stream) throw new Error("nothing was requested");
	await stream.stream();
	await stream.write(`retry: 1\n\ndata: ${JSON.stringify(welcome)}\n\n`);
	opened.told.length = 0;
	return { ...opened, stream };
}

function pub(ref: number, data: unknown = ref): string {
	return JSON.stringify({ t: "pub", ref, ch: "chat", data });
}

describe("the stream", () => {
	test("is asked for where the socket is, and each of its events is a frame", async () => {
		const { requests, told } = open();
		const [request] = requests;
		expect([request?.method, request?.url.href]).toEqual(["GET", "https://edge.test/v1/spaces/team/socket?client=me"]);
		expect(request?.headers.get("accept")).toBe("text/event-stream");
		await request?.stream();
		await request?.write(`: hello\n\ndata: ${JSON.stringify(welcome)}\n\nda`);
		await request?.write(`ta: [{"t":"ok","ref":1,"seq":7},\ndata: {"t":"ok","ref":2,"seq":8}]\n`);
		await request?.write("\ndata: {}\n\n");
		const frames = ['[{"t":"ok","ref":1,"seq":7},\n{"t":"ok","ref":2,"seq":8}]', "{}"];
		expect(told).toEqual([JSON.stringify(welcome), ...frames]);
	});

	test("that ends, or breaks, is a lost connection", async () => {
		const ended = await connect();
		await ended.stream.end();
		expect(ended.told).toEqual([[1006, "The stream ended."]]);
		const broken = await connect();
		broken.stream.fail(new Error("reset"));
		await settle();
		expect(broken.told).toEqual([[1006, "reset"]]);
	});

	test("that a fetch cannot read before its end is a lost connection, and streams do not work here", async () => {
		const { requests, told, verdicts } = open();
		await requests[0]?.respond(Object.defineProperty(new Response("x"), "body", { value: undefined }));
		expect(told).toEqual([[1006, expect.stringContaining("cannot read")]]);
		expect(verdicts).toEqual([false]);
	});

	test.each([
		[503, "not_configured", 4000],
		[403, "forbidden", 4003],
		[400, "unsupported", 4006],
		[404, "not_found", 4000],
		[503, "space_full", 4100],
		[500, "internal", 1011],
	])("that is refused with %i %s ends with the server's word and %i", async (status, code, close) => {
		const { requests, told, verdicts } = open();
		await requests[0]?.refuse(status, code);
		expect(told).toEqual([JSON.stringify({ t: "bye", code, message: `It is ${code}.` }), [close, `It is ${code}.`]]);
		expect(verdicts).toEqual([]);
	});

	test("that somebody else answers, or nobody, is a lost connection", async () => {
		const { requests, told } = open();
		await requests[0]?.respond(new Response("<h1>Bad gateway</h1>", { status: 502 }));
		expect(told).toEqual([[1006, expect.stringContaining("502")]]);
		const other = open();
		other.requests[0]?.fail(new TypeError("fetch failed"));
		await settle();
		expect(other.told).toEqual([[1006, "fetch failed"]]);
	});
});

describe("frames up", () => {
	test("name their connection, and go one request at a time, in order; what waits meanwhile goes as one", async () => {
		const { transport, requests, hand } = await connect();
		transport.send(pub(1));
		transport.send(`[${pub(2)},${pub(3, ["a", ",]"])}]`);
		transport.send(pub(4));
		const first = await hand.latest();
		expect(requests).toHaveLength(2);
		expect([first.method, first.url.search]).toEqual(["POST", "?client=me&connection=c%2F1"]);
		expect(first.headers.get("content-type")).toBe("application/json");
		expect(first.body).toBe(pub(1));
		await first.respond(new Response(null, { status: 202 }));
		expect(requests[2]?.body).toBe(`[${pub(2)},${pub(3, ["a", ",]"])},${pub(4)}]`);
		await requests[2]?.respond(new Response(null, { status: 202 }));
		expect(requests).toHaveLength(3);
		transport.send(pub(5));
		expect((await hand.latest()).body).toBe(pub(5));
	});

	test("stay within the limits that the server told", async () => {
		const { transport, requests, hand } = await connect();
		transport.send(pub(0));
		for (let ref = 1; ref <= 150; ref++) transport.send(pub(ref));
		const big = "x".repeat(150_000);
		for (let ref = 151; ref <= 154; ref++) transport.send(pub(ref, big));
		const counts: number[] = [];
		for (let request = await hand.latest(); counts.length < requests.length - 1; request = await hand.latest()) {
			counts.push(request.envelopes.length);
			await request.respond(new Response(null, { status: 202 }));
		}
		// The big ones count three bytes a character: 1 MiB holds two of them.
		expect(counts).toEqual([1, 100, 52, 2]);
	});

	test.each([
		["404, because the connection is gone", 404, "not_found", [[1006, expect.any(String)]]],
		["409 replaced", 409, "replaced", [expect.stringContaining('"replaced"'), [4203, "It is replaced."]]],
		["413 too_big", 413, "too_big", [expect.stringContaining('"too_big"'), [4109, "It is too_big."]]],
		["500 internal", 500, "internal", [expect.stringContaining('"internal"'), [1011, "It is internal."]]],
	])("that are answered %s end the transport", async (_, status, code, expected) => {
		const { transport, told, stream, requests, hand } = await connect();
		transport.send(pub(1));
		transport.send(pub(2));
		await (await hand.latest()).refuse(status, code);
		expect(told).toEqual(expected);
		expect(stream.aborted).toBe(true);
		expect(requests).toHaveLength(2);
	});

	test("that the network loses end the transport", async () => {
		const { transport, told, stream, hand } = await connect();
		transport.send(pub(1));
		(await hand.latest()).fail(new TypeError("fetch failed"));
		await settle();
		expect(told).toEqual([[1006, "fetch failed"]]);
		expect(stream.aborted).toBe(true);
	});
});

describe("a ping", () => {
	test("is answered here while the stream has said something in the last 15 s, if only a comment", async () => {
		const { transport, told, clock, stream, requests } = await connect();
		await clock.advance(14_000);
		await stream.write(":\n\n");
		await clock.advance(15_000);
		transport.send("ping");
		expect(told).toEqual(["pong"]);
		expect(requests).toHaveLength(1);
	});

	test("of a stream that is silent for longer is answered by the next thing that comes, and by nothing else", async () => {
		const { transport, told, clock, stream } = await connect();
		await clock.advance(15_001);
		transport.send("ping");
		await clock.advance(60_000);
		transport.send("ping");
		expect(told).toEqual([]);
		await stream.write(":\n\n");
		expect(told).toEqual(["pong"]);
		await stream.write(":\n\n");
		expect(told).toEqual(["pong"]);
	});
});

describe("close", () => {
	test("gives up the stream and the request under way, and tells nothing more", async () => {
		const { transport, told, stream, hand, requests } = await connect();
		transport.send(pub(1));
		transport.send(pub(2));
		const post = await hand.latest();
		transport.close();
		expect([stream.aborted, post.aborted]).toEqual([true, true]);
		await settle();
		transport.send(pub(3));
		await settle();
		expect(told).toEqual([]);
		expect(requests).toHaveLength(2);
	});

	test("of one that said nothing shows that streams may not come through here; of one that spoke, that they do", async () => {
		const silent = open();
		await silent.requests[0]?.stream();
		silent.transport.close();
		expect(silent.verdicts).toEqual([false]);
		const speaking = await connect();
		speaking.transport.close();
		expect(speaking.verdicts).toEqual([true]);
		const unreachable = open();
		unreachable.requests[0]?.fail(new TypeError("fetch failed"));
		await settle();
		unreachable.transport.close();
		expect(unreachable.verdicts).toEqual([]);
	});
});
