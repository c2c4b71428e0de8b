import { expect, test } from "vitest";
import { setUp } from "./helpers/setup.ts";

test("where the server, or the transport, carries no watches, a watch and a copy fail with unsupported", async () => {
	const { clock, space, errors } = setUp();
	const items = space.collection("items");
	const called = items.watch(() => {});
	const iterated = items.watch();
	const copy = await items.live();
	const iterating = (async () => {
		for await (const _ of iterated) break;
	})();
	const failures = Promise.allSettled([called.ready, iterated.ready, copy.ready, iterating]);
	await clock.advance(10);
	const codes = (await failures).map((each) => each.status === "rejected" && each.reason.code);
	expect(codes).toEqual(["unsupported", "unsupported", "unsupported", "unsupported"]);
	expect(errors).toEqual([expect.objectContaining({ code: "unsupported" })]);
});
