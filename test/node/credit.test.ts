import { expect, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { serveHere } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

/** Several windows. */
const count = 20;
const data = { text: "x".repeat(60_000) };

test("an application that leaves what it has not read, and begins again on the same connection, gets everything", {
	timeout: 60_000,
}, async () => {
	const server = await serveHere();
	const client = new Aerogram(server.url);
	try {
		const space = client.space("credit");
		let losses = 0;
		space.on("state", ({ previous }) => {
			if (previous === "connected") losses += 1;
		});
		const channel = space.channel("chat");
		const collection = space.collection("records");
		for (let index = 0; index < count; index++) {
			await channel.publish(data);
			await collection.put(`id-${index}`, data);
		}
		const never = () => new Promise<void>(() => {});
		for (let round = 0; round < 5; round++) {
			const unread = channel.subscribe(never, { from: "start" });
			await unread.ready;
			const unseen = collection.watch(never);
			await unseen.ready;
			const [seqs, ids]: [number[], string[]] = [[], []];
			const subscription = channel.subscribe(({ seq }) => void seqs.push(seq), { from: "start" });
			const watch = collection.watch(({ id }) => void ids.push(id));
			unread.unsubscribe();
			unseen.close();
			await until(() => seqs.length === count, "every message");
			await until(() => ids.length === count, "every record");
			subscription.unsubscribe();
			watch.close();
		}
		expect(losses).toBe(0);
	} finally {
		client.close();
		await server.stop();
	}
});
