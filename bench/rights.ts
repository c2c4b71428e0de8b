/**
 * `npm run bench:rights`: what it costs to know who speaks and to ask what they may do, for each message: this server beside one
 * that is built without asking, in interleaved rounds. It talks to 127.0.0.1 alone and stops by itself.
 */
import { compileRights } from "../protocol/capabilities.ts";
import { mintToken } from "../sdk/server.ts";
import { buildEdited } from "../test/helpers/edited-build.ts";
import { startServer } from "../test/helpers/server.ts";
import { BenchSocket } from "./client.ts";

const rounds = 9;
const ms = 600;

/** As a server makes them for somebody who is in many rooms: the one that is used stands last. */
const capabilities = [...Array.from({ length: 19 }, (_, index) => `room:${index}:*`), "bench"].map(
	(name) => ({ allow: ["publish", "subscribe", "presence"], on: `*/channels/${name}` }) as const,
);

// Of no other server.
const keys = "bench:q7Jd0WvYk3mT9xLr5ZcN8uBf2HsEa6GpQiXo1RtVwMy";

const unasking = await buildEdited([
	{
		file: "worker/space/dispatch.ts",
		find: "const refused = this.#refusal(session, envelope);",
		replace: "const refused = undefined as Fault | undefined;",
	},
	{
		file: "worker/space/dispatch.ts",
		find: "const over = this.#permits.overFor(session);",
		replace: "const over = undefined;",
	},
]);
const env = { AEROGRAM_KEYS: keys };
const [asking, open] = [await startServer({ env }), await startServer({ env, bundle: unasking })];

async function publish(url: string, space: string, inFlight: number): Promise<number> {
	const token = await mintToken(keys, { sub: "bench", capabilities });
	const socket = await BenchSocket.open(url, space, `p${inFlight}`, token);
	const rate = await socket.publish(inFlight, ms);
	socket.close();
	return rate;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const rights = compileRights(capabilities);
const questions = 300_000;
const started = performance.now();
let allowed = 0;
for (let question = 0; question < questions; question++) {
	if (rights.allows("publish", "rights", "channels", question % 2 === 0 ? "bench" : "room:7:x")) allowed += 1;
}
const each = ((performance.now() - started) / questions) * 1_000;
console.log(
	`one question of ${capabilities.length} capabilities: ${each.toFixed(2)} µs, ${allowed} of ${questions} allowed`,
);

try {
	for (const inFlight of [1, 64]) {
		const ratios: number[] = [];
		const rates: number[] = [];
		for (let round = 0; round < rounds; round++) {
			const space = `rights-${inFlight}-${round}`;
			// Neither is always the first of its round.
			const order = round % 2 === 0 ? [asking, open] : [open, asking];
			const measured = new Map<unknown, number>();
			for (const server of order) measured.set(server, await publish(server.url, space, inFlight));
			const rate = measured.get(asking) ?? 0;
			rates.push(rate);
			ratios.push(rate / (measured.get(open) ?? 1));
		}
		const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
		console.log(
			`durable publishes a second with a token of ${capabilities.length} capabilities, ${inFlight} in flight: ` +
				`${median(ratios).toFixed(3)} × a server that asks for no rights [${least}..${most}], ${median(rates).toPrecision(3)} here and now`,
		);
	}
} finally {
	await Promise.all([asking.stop(), open.stop()]);
}
