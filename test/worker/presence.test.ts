import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, onTestFinished, test } from "vitest";
import { readLiveNews } from "../../protocol/codec/live.ts";
import { scaleDurations } from "../../protocol/limits.ts";
import type { PresenceNews } from "../../protocol/presence.ts";
import { evict, freshSpace, publish } from "./space.ts";
import { WireClient } from "./wire-client.ts";

const durations = scaleDurations(0.01);

/** Waits some milliseconds. */
function sleep(delay: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, delay));
}

/**
 * Pings as a client does, but far more often, until the test ends: the runtime answers, and wakes nobody. A member may be
 * silent for 0.4 s here, which one step can take on a busy machine.
 */
function keepAlive(client: WireClient): void {
	const ping = () => client.socket.readyState === WebSocket.OPEN && client.socket.send("ping");
	const pings = setInterval(ping, durations.ping / 10);
	onTestFinished(() => clearInterval(pings));
}

/** The next news of members or of occupancy. */
async function news(client: WireClient): Promise<PresenceNews> {
	const { fields } = await client.next("live");
	return readLiveNews(fields) as PresenceNews;
}

/** Somebody who is told of members and answers, as the protocol says, by watching again where something is missing. */
class View {
	readonly client: WireClient;
	readonly members = new Map<string, unknown>();
	readonly events: string[] = [];
	#digest: string | undefined;
	#ref = 1_000;

	constructor(client: WireClient) {
		this.client = client;
	}

	/** Watches a channel. */
	async watch(): Promise<void> {
		this.#ref += 1;
		const at = this.#digest === undefined ? {} : { at: this.#digest };
		await this.client.ask({ t: "watch", ref: this.#ref, ch: "chat", of: "members", ...at });
	}

	/** Follows the news until a list of clients is there. */
	async until(...clients: readonly string[]): Promise<void> {
		const wanted = clients.toSorted().join();
		while ([...this.members.keys()].toSorted().join() !== wanted) {
			const told = await news(this.client);
			if (told.type === "occupancy") continue;
			if (!told.snapshot && told.after !== this.#digest) {
				await this.watch();
				continue;
			}
			if (told.snapshot) this.members.clear();
			for (const entry of told.entries) {
				if ("event" in entry) this.events.push(`${entry.event} ${entry.client}`);
				if ("event" in entry && entry.event === "leave") this.members.delete(entry.client);
				else this.members.set(entry.client, entry.data);
			}
			this.#digest = told.to;
		}
	}
}

test("evicting the object between every two steps of entering, updating and leaving keeps every view right", async () => {
	const { name, stub } = freshSpace();
	const view = new View(await WireClient.connect(name, "watcher"));
	await evict(stub);
	await view.watch();
	await evict(stub);
	await view.until();
	const member = await WireClient.connect(name, "member");
	keepAlive(member);
	await evict(stub);
	for (let round = 0; round < 5; round++) {
		expect(await member.ask({ t: "enter", ref: round * 10, ch: "chat", data: round })).toEqual({
			type: "done",
			ref: round * 10,
		});
		await evict(stub);
		await view.until("member");
		expect(await member.ask({ t: "enter", ref: round * 10 + 1, ch: "chat", data: round })).toMatchObject({
			type: "done",
		});
		await evict(stub);
		expect(await member.ask({ t: "update", ref: round * 10 + 2, ch: "chat", data: `${round}!` })).toMatchObject({
			type: "done",
		});
		await evict(stub);
		await view.watch();
		await evict(stub);
		expect(await member.ask({ t: "leave", ref: round * 10 + 3, ch: "chat" })).toMatchObject({ type: "done" });
		await evict(stub);
		await view.until();
	}
	expect(await stub.members({ channel: "chat", limit: 10 })).toMatchObject({ count: 0, body: "" });
});

test("an enter and a leave write one row each, an update one, and an enter with the same data none", async () => {
	const { name, stub } = freshSpace();
	const member = await WireClient.connect(name, "member");
	await publish(stub, "chat", 1);
	await member.ask({ t: "enter", ref: 1, ch: "chat" });
	const other = await WireClient.connect(name, "other");
	const rows = async (envelope: { readonly t: string; readonly data?: string }) => {
		const before = (await stub.info()).rowsWritten;
		await other.ask({ ...envelope, ref: 1, ch: "chat" });
		return (await stub.info()).rowsWritten - before;
	};
	const steps = [
		{ t: "enter", data: "x" },
		{ t: "enter", data: "x" },
		{ t: "update", data: "y" },
		{ t: "leave" },
		{ t: "leave" },
	];
	const rounds: number[][] = [];
	for (let round = 0; round < 5; round++) {
		const counts: number[] = [];
		for (const step of steps) counts.push(await rows(step));
		rounds.push(counts);
	}
	// The alarm that looks for dead members writes a row of its own, in whichever step it falls: the least is the step's.
	const written = steps.map((_, index) => Math.min(...rounds.map((counts) => counts[index] ?? 0)));
	console.log(
		`rows written: enter ${written[0]}, the same again ${written[1]}, update ${written[2]}, leave ${written[3]}`,
	);
	expect(written).toEqual([1, 0, 1, 1, 0]);
});

test("a reconnect within the grace makes no event; after it, the member has left once, and can enter again", async () => {
	const { name, stub } = freshSpace();
	const view = new View(await WireClient.connect(name, "watcher"));
	await view.watch();
	const member = await WireClient.connect(name, "member");
	await member.ask({ t: "enter", ref: 1, ch: "chat", data: 1 });
	await view.until("member");
	member.socket.close(1000);
	await sleep(durations.grace / 3);
	const again = await WireClient.connect(name, "member");
	keepAlive(again);
	await again.ask({ t: "enter", ref: 1, ch: "chat", data: 1 });
	await sleep(2 * durations.grace);
	expect(await runInDurableObject(stub, (_, { storage }) => storage.sql.exec("SELECT * FROM gone").toArray())).toEqual(
		[],
	);
	again.socket.close(1000);
	await view.until();
	const third = await WireClient.connect(name, "member");
	await third.ask({ t: "enter", ref: 1, ch: "chat", data: 1 });
	await view.until("member");
	expect(view.events.filter((event) => event.startsWith("leave"))).toEqual(["leave member"]);
});

test("a second socket of the same client takes over, and the member stays", async () => {
	const { name, stub } = freshSpace();
	const view = new View(await WireClient.connect(name, "watcher"));
	await view.watch();
	const first = await WireClient.connect(name, "member");
	await first.ask({ t: "enter", ref: 1, ch: "chat" });
	const second = await WireClient.connect(name, "member");
	keepAlive(second);
	await first.until(() => first.closed !== undefined, "the take-over");
	await sleep(2 * durations.grace);
	await second.ask({ t: "update", ref: 1, ch: "chat", data: 2 });
	await view.until("member");
	expect(view.events.filter((event) => event.startsWith("leave"))).toEqual([]);
	expect(await stub.channel("chat")).toMatchObject({ occupancy: { members: 1 } });
});

test("a start of the object gives members without a socket their grace, whatever it had noted of them", async () => {
	const { name, stub } = freshSpace();
	const member = await WireClient.connect(name, "member");
	await member.ask({ t: "enter", ref: 1, ch: "chat" });
	await runInDurableObject(stub, (_, { storage }) => {
		storage.sql.exec("INSERT INTO members VALUES (1, 'anonymous', 'ghost', 1, 'null')");
	});
	await evict(stub);
	expect(await stub.channel("chat")).toMatchObject({ occupancy: { members: 2 } });
	await expect
		.poll(async () => (await stub.channel("chat")).occupancy.members, { timeout: 5_000, interval: 20 })
		.toBe(1);
});

test("a member's socket that gives no sign of life is closed, and its memberships end at once", async () => {
	const { name, stub } = freshSpace();
	const view = new View(await WireClient.connect(name, "watcher"));
	await view.watch();
	const [dead, alive] = [await WireClient.connect(name, "dead"), await WireClient.connect(name, "alive")];
	await dead.ask({ t: "enter", ref: 1, ch: "chat" });
	await alive.ask({ t: "enter", ref: 1, ch: "chat" });
	await view.until("dead", "alive");
	const pings = setInterval(() => alive.socket.send("ping"), durations.ping / 2);
	try {
		await view.until("alive");
		// A ping is answered by the runtime alone; a frame is as good.
		await sleep(3 * durations.ping);
		await alive.ask({ t: "enter", ref: 2, ch: "chat" });
		expect(view.events.filter((event) => event.startsWith("leave"))).toEqual(["leave dead"]);
	} finally {
		clearInterval(pings);
	}
	await view.until();
	expect(await runDurableObjectAlarm(stub).then(() => stub.channel("chat"))).toMatchObject({
		occupancy: { members: 0 },
	});
});

test("occupancy tells members and subscriptions as they come and go, also after the object slept", async () => {
	const { name, stub } = freshSpace();
	const watcher = await WireClient.connect(name, "watcher");
	await watcher.ask({ t: "watch", ref: 1, ch: "chat", of: "occupancy" });
	const until = async (members: number, subscribers: number) => {
		for (;;) {
			const told = await news(watcher);
			if (told.type === "occupancy" && told.members === members && told.subscribers === subscribers) return;
		}
	};
	await until(0, 0);
	const other = await WireClient.connect(name, "other");
	await other.ask({ t: "sub", ref: 1, ch: "chat" });
	await until(0, 1);
	await evict(stub);
	await other.ask({ t: "enter", ref: 2, ch: "chat" });
	await until(1, 1);
	await other.ask({ t: "unsub", ref: 3, ch: "chat" });
	await until(1, 0);
	await watcher.ask({ t: "unwatch", ref: 2, ch: "chat", of: "occupancy" });
	await other.ask({ t: "leave", ref: 4, ch: "chat" });
	await sleep(5 * durations.presenceBatch);
	expect(watcher.inbox).toEqual([]);
});

test("a purge leaves the members of a channel; a wipe ends them", async () => {
	const { name, stub } = freshSpace();
	const member = await WireClient.connect(name, "member");
	await member.ask({ t: "enter", ref: 1, ch: "chat" });
	expect((await stub.purge("chat")).occupancy.members).toBe(1);
	await stub.wipe();
	expect((await stub.channel("chat")).occupancy.members).toBe(0);
	const again = await WireClient.connect(name, "member");
	await again.ask({ t: "enter", ref: 1, ch: "chat" });
	expect((await stub.channel("chat")).occupancy.members).toBe(1);
});

test("a database that fails refuses an enter with internal, and the member is not there", async () => {
	const { name, stub } = freshSpace();
	const member = await WireClient.connect(name, "member");
	await publish(stub, "chat", 1);
	const run = (statement: string) => runInDurableObject(stub, (_, { storage }) => void storage.sql.exec(statement));
	await run("CREATE TRIGGER fault BEFORE INSERT ON members BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END");
	expect(await member.ask({ t: "enter", ref: 1, ch: "chat" })).toMatchObject({ type: "error", code: "internal" });
	expect((await stub.channel("chat")).occupancy.members).toBe(0);
	await run("DROP TRIGGER fault");
	expect(await member.ask({ t: "enter", ref: 2, ch: "chat" })).toMatchObject({ type: "done" });
});

test("a socket that is refused what it watches keeps what it has, and 50 watches are the most", async () => {
	const { name } = freshSpace();
	const client = await WireClient.connect(name);
	for (let number = 0; number < 50; number++) {
		const answer = await client.ask({
			t: "watch",
			ref: number,
			ch: `c${number}`,
			of: number % 2 ? "members" : "occupancy",
		});
		expect(answer).toEqual({ type: "done", ref: number });
	}
	const more = await client.ask({ t: "watch", ref: 50, ch: "more", of: "members" });
	expect(more).toMatchObject({ type: "error", code: "too_big" });
	expect(await client.ask({ t: "watch", ref: 51, ch: "c1", of: "members" })).toEqual({ type: "done", ref: 51 });
	expect(await client.ask({ t: "update", ref: 52, ch: "c1", data: 1 })).toMatchObject({ code: "not_found" });
	const records = await client.ask({ t: "watch", ref: 53, col: "carts" });
	expect(records).toMatchObject({ type: "error", code: "too_big" });
});
