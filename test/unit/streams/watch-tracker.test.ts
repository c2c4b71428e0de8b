import { expect, test } from "vitest";
import { encodeServer } from "../../../protocol/codec/serving.ts";
import { encodeRecordChanges } from "../../../protocol/codec/serving-watch.ts";
import { WatchTracker } from "../../../worker/streams/watch-tracker.ts";

const epoch = "0mws8iikc9alb9adv";
const selector = { collection: "carts" };

test("who watches again on one socket gives credit for what it did not take; on another there is none to give", () => {
	const sent: unknown[] = [];
	const tracker = new WatchTracker(
		selector,
		{ epoch, rev: 3 },
		{
			send: (frame) => sent.push(JSON.parse(frame)),
			standing() {},
			records() {},
			lost() {},
			refused() {},
		},
	);
	const stands = (ref: number) =>
		tracker.take(encodeServer({ type: "done", ref, says: { epoch, head: 9, recovered: true } }));
	const at = { epoch, rev: 3 };
	tracker.watch();
	stands(1);
	tracker.take(encodeRecordChanges(selector, 4, "", 5));
	stands(2);
	tracker.watch();
	stands(3);
	expect(sent).toEqual([
		{ t: "watch", ref: 1, col: "carts", at },
		{ t: "watch", ref: 2, col: "carts", at },
		{ t: "credit", col: "carts", rev: 3 },
		{ t: "watch", ref: 3, col: "carts", at },
	]);
});
