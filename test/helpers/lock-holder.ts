/**
 * A program that holds a lock: `node lock-holder.ts <url> <space> <ttl>`. It takes `printer` for so many seconds, renews it,
 * publishes to `jobs` under it for ever, and prints a line for each thing that happens: its token, `published`, `renewed`, or
 * why not.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Aerogram, isAerogramError } from "../../sdk/index.ts";

const [url = "", space = "", seconds] = process.argv.slice(2);
const ttl = Number(seconds);
const handle = new Aerogram(url).space(space);
const lock = await handle.lock("printer", { ttl });
console.log(lock.token);
const code = (error: unknown) => (isAerogramError(error) ? error.code : String(error));
for (let renewed = Date.now(); ; await sleep(50)) {
	// What it does first after it slept is to publish: it does not know that it slept.
	const published = handle.channel("jobs").publish(lock.token, { lock });
	console.log(await published.then(() => "published", code));
	if (Date.now() - renewed < ttl * 300) continue;
	renewed = Date.now();
	const again = lock.renew().then(() => "renewed", code);
	console.log(`renewing: ${await again}`);
}
