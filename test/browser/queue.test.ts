import { expect, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { openQueue } from "../../sdk/queue.ts";

test("in Chromium, localStorage holds a queue, and Web Locks keep a second one from taking it while the first is there", async () => {
	const options = { name: `queue-${Math.random()}` };
	const first = await openQueue(localStorage, options);
	const client = new Aerogram("http://127.0.0.1:9", { queue: first });
	// Nobody listens there: it waits.
	client
		.space("default")
		.channel("chat")
		.publish("waits")
		.catch(() => {});
	await expect.poll(() => localStorage.getItem(`${options.name}:0`)).toContain("waits");
	const second = await openQueue(localStorage, options);
	expect(second.client).not.toBe(first.client);
	expect(second.spaces).toEqual([]);
	client.close();
	await expect.poll(async () => (await navigator.locks.query()).held?.length).toBe(1);
	const third = await openQueue(localStorage, options);
	expect([third.client, third.spaces]).toEqual([first.client, ["default"]]);
	for (const queue of [second, third]) queue.close();
	for (const index of [0, 1]) localStorage.removeItem(`${options.name}:${index}`);
});
