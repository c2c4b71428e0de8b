import type { Message } from "../../sdk/index.ts";
import { ensure, equal, rejection, take } from "./check.ts";
import type { Promised } from "./promise.ts";

/** What transactions and locks promise. They go over HTTP; what they store comes over whatever carries the frames. */
export const transactionPromises: readonly Promised[] = [
	{
		name: "a transaction stores all its messages and records, and its subscribers get them with the same tx",
		async keep({ connect, space }) {
			const handle = connect().space(space);
			const [orders, audit] = [handle.channel<number>("orders"), handle.channel<string>("audit")];
			const subscriptions = [orders.subscribe(), audit.subscribe()] as const;
			await Promise.all(subscriptions.map(({ ready }) => ready));
			const stock = handle.collection<{ left: number; sold?: boolean }>("stock");
			const before = await stock.put("plane", { left: 5 });
			const { epoch, tx, results } = await handle.transaction((tx) => {
				tx.publish("orders", 1, { ifHead: 0 });
				tx.publish("orders", 2, { name: "second", key: "k", id: "own" });
				tx.put("stock", "plane", { left: 4 }, { ifMatch: before.etag });
				tx.patch("stock", "plane", { sold: true });
				tx.publish("audit", "sold");
				tx.put("stock", "boat", { left: 1 }, { ifNoneMatch: "*", ttl: 600 });
				tx.delete("stock", "boat");
			});
			equal(results, [
				{ channel: "orders", seq: 1, position: `${epoch}:1` },
				{ channel: "orders", seq: 2, position: `${epoch}:2` },
				{ collection: "stock", id: "plane", rev: 2, created: false, etag: `"${epoch}:2"` },
				{ collection: "stock", id: "plane", rev: 3, created: false, etag: `"${epoch}:3"` },
				{ channel: "audit", seq: 1, position: `${epoch}:1` },
				{ collection: "stock", id: "boat", rev: 4, created: true, etag: `"${epoch}:4"` },
				{ collection: "stock", id: "boat", rev: 5, created: false, etag: `"${epoch}:5"` },
			]);
			const seen: Message[] = [...(await take(subscriptions[0], 2)), ...(await take(subscriptions[1], 1))];
			equal(
				seen.map(({ data, tx }) => [data, tx]),
				[
					[1, tx],
					[2, tx],
					["sold", tx],
				],
			);
			equal([seen[1]?.name, seen[1]?.key, seen[1]?.id], ["second", "k", "own"]);
			equal((await stock.get("plane"))?.data, { left: 4, sold: true });
			equal(await stock.get("boat"), undefined);
		},
	},
	{
		name: "a transaction of which one write is refused stores nothing, and says which it was",
		async keep({ connect, space, isAerogramError }) {
			const handle = connect().space(space);
			const error = await rejection(
				handle.transaction((tx) => {
					tx.publish("orders", 1);
					tx.put("stock", "plane", { left: 4 });
					tx.publish("orders", 2, { ifHead: 9 });
					tx.delete("stock", "nothing");
				}),
			);
			ensure(isAerogramError(error) && error.code === "condition_failed", "the error is condition_failed");
			equal((error as { readonly item?: number }).item, 2);
			equal((await handle.channel("orders").history()).messages, []);
			equal(await handle.collection("stock").get("plane"), undefined);
			const late = await rejection(
				handle.transaction(async (tx) => {
					tx.publish("orders", 1);
				}),
			);
			ensure(isAerogramError(late) && late.code === "bad_request", "an asynchronous function is refused");
		},
	},
	{
		name: "a transaction whose answer is cut off is stored once",
		async keep({ connectCuttable, cut, space }) {
			const handle = connectCuttable().space(space);
			await handle.transaction((tx) => tx.publish("orders", 0));
			const stored = Array.from({ length: 20 }, (_, index) =>
				handle.transaction((tx) => {
					tx.publish("orders", index);
					tx.put("stock", `${index}`, { index });
				}),
			);
			await cut();
			const seqs = (await Promise.all(stored)).map(({ results: [first] }) => first && "seq" in first && first.seq);
			equal(
				[...seqs].sort((a, b) => Number(a) - Number(b)),
				Array.from({ length: 20 }, (_, index) => index + 2),
			);
			equal((await handle.channel("orders").history()).head, 21);
			equal((await handle.collection("stock").list()).rev, 20);
		},
	},
	{
		name: "a lock is held by one at a time, and each later holder has a greater token",
		async keep({ connect, space, isAerogramError }) {
			const [one, two] = [connect().space(space), connect({ durations: { backoffBase: 20 } }).space(space)];
			const first = await one.lock("printer", { ttl: 60 });
			const error = await rejection(two.lock("printer", { ttl: 60, wait: 0 }));
			ensure(isAerogramError(error) && error.code === "condition_failed", "the error is condition_failed");
			let second: Awaited<ReturnType<typeof two.lock>> | undefined;
			const waiting = two.lock("printer", { ttl: 60 }).then((lock) => {
				second = lock;
			});
			const { token, expires } = first;
			await first.renew(600);
			equal(first.token, token);
			ensure(first.expires > expires + 400_000, "it is held longer now");
			equal(second, undefined);
			await one.channel("jobs").publish(1, { lock: first });
			await first.release();
			await first.release();
			await waiting;
			const [before, after] = [token, second?.token ?? ""].map((text) => text.split(":"));
			equal(before?.[0], after?.[0]);
			ensure(Number(after?.[1]) > Number(before?.[1]), "the token is greater");
			await second?.release();
		},
	},
	{
		name: "what is written under a lock that is lost is refused with lock_lost, on a channel, of a record and in a transaction",
		async keep({ connect, space, isAerogramError }) {
			const handle = connect().space(space);
			const lock = await handle.lock("printer", { ttl: 60 });
			await handle.channel("jobs").publish(1, { lock });
			await handle.collection("stock").put("a", { n: 1 }, { lock });
			await handle.transaction((tx) => tx.publish("jobs", 2, { lock, ifHead: 1 }));
			await lock[Symbol.asyncDispose]();
			const later = await handle.lock("printer", { ttl: 60 });
			const errors = await Promise.all([
				rejection(handle.channel("jobs").publish(3, { lock })),
				rejection(handle.collection("stock").put("a", { n: 2 }, { lock })),
				rejection(handle.collection("stock").delete("a", { lock })),
				rejection(handle.collection("stock").create({ n: 2 }, { lock })),
				rejection(handle.transaction((tx) => tx.put("stock", "b", {}, { lock }))),
				rejection(lock.renew()),
			]);
			for (const error of errors) {
				ensure(isAerogramError(error) && error.code === "lock_lost", `the error is lock_lost, got ${String(error)}`);
			}
			await handle.channel("jobs").publish(3, { lock: later });
			equal((await handle.channel("jobs").history()).head, 3);
			equal((await handle.collection("stock").list()).rev, 1);
		},
	},
	{
		name: "a lock that is not renewed is lost when its time is over, and another gets it",
		async keep({ connect, space, isAerogramError }) {
			const handle = connect({ durations: { backoffBase: 20 } }).space(space);
			const lock = await handle.lock("printer", { ttl: 1 });
			const next = await handle.lock("printer", { ttl: 60, wait: 10_000 });
			const error = await rejection(handle.channel("jobs").publish(1, { lock }));
			ensure(isAerogramError(error) && error.code === "lock_lost", "the error is lock_lost");
			const aborted = new AbortController();
			const waiting = rejection(handle.lock("printer", { ttl: 1, signal: aborted.signal }));
			aborted.abort("enough");
			equal(await waiting, "enough");
			await next.release();
			equal(await handle.collection("locks").get("printer"), undefined);
		},
	},
];
