/**
 * A program with a stored queue in a folder, which its parent kills at any moment: publishes `<run>-1`, `<run>-2` …, some
 * at a time, and tells how many are acknowledged. With a count of 0 it only sends what earlier runs left.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Aerogram } from "../../sdk/index.ts";
import { openQueue } from "../../sdk/queue.ts";

const [url = "", folder = "", run = "", count = "0"] = process.argv.slice(2);
const fileOf = (key: string) => join(folder, key.replaceAll(":", "-"));
const queue = await openQueue({
	getItem(key) {
		try {
			return readFileSync(fileOf(key), "utf8");
		} catch {
			return null;
		}
	},
	// Renamed into its place: whoever reads it finds all of it or all of the one before.
	setItem(key, text) {
		writeFileSync(`${fileOf(key)}.new`, text);
		renameSync(`${fileOf(key)}.new`, fileOf(key));
	},
});
const space = new Aerogram(url, { queue }).space("queued");
const failures: unknown[] = [];
space.on("error", ({ code }) => failures.push(code));
const left = space.pending;
let acknowledged = 0;
const tell = () => process.send?.({ left, acknowledged, pending: space.pending, failures });
process.on("message", tell);
// Whoever asked is gone; a write that is under way then fails first.
process.on("disconnect", () => process.exit());
process.on("error", () => process.exit());
for (let number = 1; number <= Number(count); number += 5) {
	const some = Array.from({ length: 5 }, (_, index) => space.channel("chat").publish(`${run}-${number + index}`));
	for (const publish of some) {
		await publish;
		acknowledged += 1;
	}
	tell();
}
