import { expect, test } from "vitest";
import type { Identity } from "../../../protocol/identity.ts";
import { RevokedList } from "../../../worker/auth/revoked.ts";
import type { Revocation, RevocationNews } from "../../../worker/directory/revocation.ts";

const ada = { principal: "ada", capabilities: [], key: "main", token: "t1", issued: 5_000 };

function makeList() {
	const revocations: Revocation[] = [];
	const state = { now: 1_000_000, asked: 0, down: false, hangs: undefined as Promise<void> | undefined };
	const ask = async (after: number): Promise<RevocationNews> => {
		state.asked += 1;
		await state.hangs;
		if (state.down) throw new Error("the shard is away, as a test has it");
		return { version: revocations.length, revocations: revocations.slice(after) };
	};
	const list = new RevokedList(() => state.now);
	return { has: (identity: Identity) => list.has(identity, ask), revocations, state };
}

test.each<[Revocation, boolean]>([
	[{ kind: "sub", name: "ada", until: 5_000 }, true],
	[{ kind: "sub", name: "ada", until: 4_999 }, false],
	[{ kind: "sub", name: "bob", until: 9_000 }, false],
	[{ kind: "key", name: "main" }, true],
	[{ kind: "key", name: "t1" }, false],
	[{ kind: "jti", name: "t1" }, true],
	[{ kind: "jti", name: "ada" }, false],
])("%j strikes it: %s", async (revocation, struck) => {
	const { has, revocations } = makeList();
	revocations.push(revocation);
	expect(await has(ada)).toBe(struck);
});

test("what does not say when it was issued was issued before", async () => {
	const { has, revocations } = makeList();
	revocations.push({ kind: "sub", name: "ada", until: 1 });
	expect(await has({ principal: "ada", capabilities: [] })).toBe(true);
});

test("a revocation is known after 2 s at most, and asked for no more often", async () => {
	const { has, revocations, state } = makeList();
	for (let count = 0; count < 50; count++) expect(await has(ada)).toBe(false);
	expect(state.asked).toBe(1);
	revocations.push({ kind: "jti", name: "t1" });
	state.now += 1_999;
	expect(await has(ada)).toBe(false);
	state.now += 1;
	expect(await has(ada)).toBe(true);
	expect(state.asked).toBe(2);
});

test("while the shard is away what is known counts; nobody is let in where nothing is known", async () => {
	const { has, revocations, state } = makeList();
	revocations.push({ kind: "jti", name: "t1" });
	state.down = true;
	await expect(has(ada)).rejects.toThrow("away");
	state.down = false;
	expect(await has(ada)).toBe(true);
	state.down = true;
	state.now += 10_000;
	expect(await has(ada)).toBe(true);
	expect(await has({ ...ada, token: "t2" })).toBe(false);
});

test("one request asks, and the others do not wait for it", async () => {
	const { has, state } = makeList();
	await has(ada);
	const { promise, resolve } = Promise.withResolvers<void>();
	state.hangs = promise;
	state.now += 2_000;
	const asking = has(ada);
	expect(await has(ada)).toBe(false);
	expect(state.asked).toBe(2);
	resolve();
	expect(await asking).toBe(false);
});
