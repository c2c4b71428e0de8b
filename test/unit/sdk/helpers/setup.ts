import { onTestFinished } from "vitest";
import { Aerogram, type AerogramOptions, type Message } from "../../../../sdk/index.ts";
import { Random } from "../../../helpers/random.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeServer } from "./fake-server.ts";

// Loaded ahead: what loads it later waits for no clock of a test.
import "../../../../sdk/over-live.ts";

/** A client and its server, on one clock that stands still. */
export function setUp(options: AerogramOptions = {}) {
	const clock = new FakeClock();
	const server = new FakeServer(clock);
	const numbers = new Random(1);
	const random = () => numbers.next();
	const connect = (more: AerogramOptions = {}) =>
		new Aerogram("http://server.test", { clock, random, transport: server.transport, ...options, ...more });
	const aerogram = connect();
	onTestFinished(() => aerogram.close());
	const space = aerogram.space("default");
	const errors: unknown[] = [];
	space.on("error", (error) => errors.push(error));
	const states: string[] = [];
	space.on("state", ({ state }) => states.push(state));
	return { clock, server, connect, aerogram, space, channel: space.channel<string | number>("chat"), errors, states };
}

/** What became of a promise so far. */
export function watch<Value>(promise: Promise<Value>): { value?: Value; error?: unknown } {
	const outcome: { value?: Value; error?: unknown } = {};
	promise.then(
		(value) => {
			outcome.value = value;
		},
		(error: unknown) => {
			outcome.error = error;
		},
	);
	return outcome;
}

/** The data of messages, in order. */
export function dataOf(messages: readonly Message<unknown>[]): readonly unknown[] {
	return messages.map(({ data }) => data);
}
