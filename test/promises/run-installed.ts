/**
 * The promise suite against the installed package, with no test runner: bundled to plain JavaScript with `aerogram` and
 * `ws` left to be resolved where it runs. Takes the target and the transport as its arguments. With `websocket` it passes
 * in the class of `ws`; with `sse` it takes away the platform's, and says nothing of what to use.
 */
import * as sdk from "aerogram";
import { WebSocket } from "ws";
import { keep, type Target } from "./stage.ts";
import { promisesOf } from "./transports.ts";

const target = JSON.parse(process.argv[2] ?? "{}") as Target;
const transport = process.argv[3] as "websocket" | "sse" | "long-poll";
if (transport === "sse") Reflect.deleteProperty(globalThis, "WebSocket");
const options = { websocket: { WebSocket }, sse: {}, "long-poll": { transport } }[transport];

/** How often each way to frames over HTTP was asked for. */
const asked = { streams: 0, polls: 0 };
const counting: typeof fetch = (input, init) => {
	if (new Headers(init?.headers).get("accept") === "text/event-stream") asked.streams += 1;
	if (String(input).includes("&wait=")) asked.polls += 1;
	return fetch(input, init);
};

let [kept, broken] = [0, 0];
for (const promise of promisesOf(transport)) {
	try {
		await keep(promise, sdk, target, { ...options, fetch: counting });
		kept += 1;
		console.log(`✓ ${promise.name}`);
	} catch (error) {
		broken += 1;
		console.log(`✗ ${promise.name}\n    ${String(error)}`);
	}
}
console.log(`${asked.streams > 0 ? "streams" : "no streams"}, ${asked.polls > 0 ? "polls" : "no polls"}`);
console.log(`${kept} kept, ${broken} broken`);
