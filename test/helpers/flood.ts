/**
 * A thread that floods one channel: it keeps `inFlight` publishes unanswered until it is told to stop, and then tells how
 * many were answered. In a thread of its own, so that its work delays nobody's measurement.
 */
import { parentPort, workerData } from "node:worker_threads";
import { connectWire } from "./wire.ts";

const { url, space, channel, inFlight } = workerData as {
	readonly url: string;
	readonly space: string;
	readonly channel: string;
	readonly inFlight: number;
};
const wire = await connectWire(url, space, "flood");
const data = { text: "x".repeat(100) };
let [sent, answered] = [0, 0];

function fill(): void {
	while (sent - answered < inFlight) {
		const count = Math.min(100, inFlight - (sent - answered));
		wire.send(
			Array.from({ length: count }, (_, index) => {
				const n = sent + index;
				return { t: "pub", ref: n, ch: channel, n, prev: n - 1, data };
			}),
		);
		sent += count;
	}
}

wire.onEnvelopes = (envelopes) => {
	answered += envelopes.filter((each) => each.type === "published").length;
	fill();
};
fill();
parentPort?.postMessage("flooding");
parentPort?.once("message", () => {
	parentPort?.postMessage(answered);
	process.exit();
});
