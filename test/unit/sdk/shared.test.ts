import { expect, onTestFinished, test } from "vitest";
import { Aerogram, type AerogramOptions } from "../../../sdk/index.ts";
import { FakeClock } from "./helpers/fake-clock.ts";
import { FakeServer } from "./helpers/fake-server.ts";

function shared(url: string | URL, options?: AerogramOptions): Aerogram {
	const client = Aerogram.shared(url, options);
	onTestFinished(() => client.close());
	return client;
}

test("a client is shared by URL and options, however both are written, until it is closed", () => {
	const client = shared("https://one.test");
	for (const url of ["https://one.test/", "wss://one.test", new URL("https://ONE.test/?q#h")]) {
		expect(shared(url)).toBe(client);
	}
	expect(shared("https://one.test", { token: undefined, random: Math.random })).toBe(client);
	const others = [
		shared("https://one.test/below"),
		shared("https://two.test"),
		shared("https://one.test", { inFlight: 8 }),
		shared("https://one.test", { token: "ann" }),
		shared("https://one.test", { token: "bob" }),
		new Aerogram("https://one.test"),
	];
	expect(new Set([client, ...others]).size).toBe(7);
	client.close();
	const next = shared("https://one.test");
	expect(next).not.toBe(client);
	expect(next.client).not.toBe(client.client);
});

test("a module that runs again has the same client, on the same connection, with the subscriptions it had", async () => {
	const clock = new FakeClock();
	const server = new FakeServer(clock);
	// Each run makes its functions anew, as a module does.
	const run = () =>
		shared("http://reloaded.test", { clock, transport: (url) => server.transport(url) }).space("default");
	const seen: unknown[] = [];
	run()
		.channel("chat")
		.subscribe(({ data }) => void seen.push(data));
	await clock.advance(20);
	void run().channel("chat").publish("after the reload");
	await clock.advance(20);
	expect([seen, server.connects.length]).toEqual([["after the reload"], 1]);
});

test("what is no URL is refused, and leaves nothing behind", () => {
	expect(() => Aerogram.shared("no URL")).toThrow(expect.objectContaining({ code: "bad_request" }));
	expect(() => Aerogram.shared("https://one.test", { client: "a b" })).toThrow(
		expect.objectContaining({ code: "bad_name" }),
	);
	expect(shared("https://one.test").client).toHaveLength(32);
});
