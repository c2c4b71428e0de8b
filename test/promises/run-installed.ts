/**
 * The promise suite against the installed package, with no test runner: bundled to plain JavaScript with `aerogram` and
 * `ws` left to be resolved where it runs. Takes the target as its one argument.
 */
import * as sdk from "aerogram";
import { WebSocket } from "ws";
import { keep, type Target } from "./stage.ts";
import { promises } from "./suite.ts";

const target = JSON.parse(process.argv[2] ?? "{}") as Target;
let [kept, broken] = [0, 0];
for (const promise of promises) {
	try {
		await keep(promise, sdk, target, { WebSocket });
		kept += 1;
		console.log(`✓ ${promise.name}`);
	} catch (error) {
		broken += 1;
		console.log(`✗ ${promise.name}\n    ${String(error)}`);
	}
}
console.log(`${kept} kept, ${broken} broken`);
