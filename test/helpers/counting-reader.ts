/**
 * A process that reads one channel from its start, by the SDK, and tells at each `message` of its parent how far it is. In
 * a process of its own, so that it can be stopped as a whole.
 */
import { Aerogram } from "../../sdk/index.ts";

const [url = "", space = "", channel = ""] = process.argv.slice(2);
const handle = new Aerogram(url).space(space);
let [last, misplaced, gaps] = [0, 0, 0];
const lost: (string | undefined)[] = [];
handle.on("gap", () => {
	gaps += 1;
});
handle.on("state", ({ state, reason }) => {
	if (state === "waiting") lost.push(reason?.code);
});
handle.channel(channel).subscribe(
	({ seq }) => {
		if (seq !== last + 1) misplaced += 1;
		last = seq;
	},
	{ from: "start" },
);
process.on("message", () => process.send?.({ last, misplaced, gaps, lost }));
process.on("disconnect", () => process.exit());
