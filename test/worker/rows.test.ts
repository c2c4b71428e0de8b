import { expect, test } from "vitest";
import { freshSpace } from "./space.ts";
import { WireClient } from "./wire-client.ts";

const messages = 1_000;
/** Milliseconds from an answer to the next publish, so that each is stored alone. */
const apart = 20;
const data = { text: "x".repeat(100), from: "someone" };

test("1,000 messages that each arrive alone, 20 ms apart, write at most 1.1 rows each", {
	timeout: messages * apart * 6,
}, async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name);
	await client.ask({ t: "pub", ref: 0, ch: "chat", n: 0, prev: -1, data });
	const before = (await stub.info()).rowsWritten;
	for (let n = 1; n <= messages; n++) {
		await client.ask({ t: "pub", ref: n, ch: "chat", n, prev: n - 1, data });
		await new Promise((resolve) => setTimeout(resolve, apart));
	}
	const rows = ((await stub.info()).rowsWritten - before) / messages;
	console.log(`rows written per message, alone: ${rows.toFixed(3)} over ${messages} messages`);
	expect(rows).toBeLessThanOrEqual(1.1);
	expect(rows).toBeGreaterThanOrEqual(1);
});

test("1,000 messages with 64 in flight write at most 0.1 rows each", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name);
	await client.ask({ t: "pub", ref: 0, ch: "chat", n: 0, prev: -1, data });
	const before = (await stub.info()).rowsWritten;
	let answered = 0;
	let next = 1;
	while (answered < messages) {
		while (next <= messages && next - answered <= 64) {
			client.send({ t: "pub", ref: next, ch: "chat", n: next, prev: next - 1, data });
			next += 1;
		}
		await client.until(() => client.inbox.length > 0, "an answer");
		answered += client.inbox.splice(0).filter((each) => each.type === "published").length;
	}
	const rows = ((await stub.info()).rowsWritten - before) / messages;
	console.log(`rows written per message, 64 in flight: ${rows.toFixed(3)} over ${messages} messages`);
	expect(rows).toBeLessThanOrEqual(0.1);
	expect((await stub.channel("chat")).head).toBe(messages + 1);
});

test("reading, subscribing and credit write no rows", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name);
	await client.ask({ t: "pub", ref: 0, ch: "chat", data });
	await client.ask({ t: "sub", ref: 1, ch: "chat", at: "start" });
	const before = (await stub.info()).rowsWritten;
	client.send({ t: "credit", ch: "chat", seq: 1 });
	await client.ask({ t: "sub", ref: 2, ch: "chat", at: "start" });
	await stub.history({ channel: "chat", limit: 10, order: "desc" });
	await stub.channel("nothing-here");
	expect((await stub.info()).rowsWritten - before).toBe(0);
});
