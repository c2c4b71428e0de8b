import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { readMessages } from "../helpers/http.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

/** Seconds that the lock of the program lasts. */
const ttl = 3;

test("a holder that was stopped for twice the time of its lock is refused, whatever it believes; another holds it by then", async () => {
	await using server = await startServer();
	const space = "stopped";
	const program = join(import.meta.dirname, "../helpers/lock-holder.ts");
	const holder = spawn(process.execPath, [program, server.url, space, `${ttl}`], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	const client = new Aerogram(server.url);
	const handle = client.space(space);
	try {
		const lines: string[] = [];
		createInterface({ input: holder.stdout }).on("line", (line) => lines.push(line));
		const published = () => lines.filter((line) => line === "published").length;
		const renewed = () => lines.filter((line) => line === "renewing: renewed").length;
		await until(() => renewed() > 1 && published() > 5, "the holder to publish under its lock", 30_000);
		expect(lines.filter((line) => line.includes("lost"))).toEqual([]);
		const [token = ""] = lines;

		holder.kill("SIGSTOP");
		const stopped = Date.now();
		const next = await handle.lock("printer", { ttl: 60, wait: 10_000 });
		await handle.channel("jobs").publish(next.token, { lock: next });
		await sleep(stopped + 2 * ttl * 1_000 - Date.now());
		const before = published();
		holder.kill("SIGCONT");
		await until(() => lines.includes("lock_lost"), "the holder to be refused");
		await until(() => lines.includes("renewing: lock_lost"), "the holder not to renew it");
		// What it had on its way when it was stopped may be answered now.
		expect(published() - before).toBeLessThanOrEqual(1);

		const messages = await readMessages(`${server.url}/v1/spaces/${space}/channels/jobs/messages`);
		const data = messages.map((message) => message.data);
		expect(data.lastIndexOf(token)).toBeLessThan(data.indexOf(next.token));
		const [epoch, rev] = token.split(":");
		expect(next.token.split(":")[0]).toBe(epoch);
		expect(Number(next.token.split(":")[1])).toBeGreaterThan(Number(rev));
	} finally {
		holder.kill("SIGKILL");
		client.close();
	}
});
