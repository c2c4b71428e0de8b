import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { shardName } from "../../../worker/directory/api.ts";
import type { Env } from "../../../worker/env.ts";
import { type Erasure, erase, readErasure } from "../../../worker/http/erasing.ts";
import type { ErasePlace, EraseRequest } from "../../../worker/space/api/erasing.ts";

beforeEach(() => {
	vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
	vi.restoreAllMocks();
});

/** A deployment whose spaces need so many steps each, and what was asked of its objects. */
function deployment(stepsOf: Readonly<Record<string, number>>) {
	const state = { asked: 0, lasts: Number.POSITIVE_INFINITY, away: new Set<string>() };
	const erased: string[] = [];
	const list = async (after: string, limit: number) => {
		state.asked += 1;
		return Object.keys(stepsOf)
			.toSorted()
			.filter((name) => name > after)
			.slice(0, limit);
	};
	const eraseIn =
		(space: string) =>
		async ({ after }: EraseRequest) => {
			state.asked += 1;
			if (state.away.has(space) || state.asked > state.lasts) throw new Error("the space is away, as a test has it");
			const step = after?.table === "segments" ? after.k : 1;
			erased.push(`${space} ${step}`);
			const next: ErasePlace | undefined =
				step < (stepsOf[space] ?? 0) ? { table: "segments", k: step + 1 } : undefined;
			return { messages: 1, members: 0, records: 0, kept: 0, ...(next && { next }) };
		};
	const none = async () => {
		state.asked += 1;
		return [];
	};
	// All names in the first shard: the other ones have none.
	const shard = (name: string) => ({ list: name === shardName(0) ? list : none });
	const env = {
		DIRECTORY: { idFromName: (name: string) => name, get: shard },
		SPACES: { idFromName: (name: string) => name, get: (name: string) => ({ erase: eraseIn(name) }) },
	} as unknown as Env;
	return { env, state, erased };
}

function eraseSome(env: Env, after: string | undefined, space?: string): Promise<Erasure> {
	const read = readErasure({
		sub: "ada",
		...(space !== undefined && { space }),
		...(after !== undefined && { after }),
	});
	if (!read.ok) throw new Error(read.fault.message);
	return erase(env, { principal: "ada", by: "key:main" }, read.value);
}

test("each request asks fewer objects than an invocation may, and together they do every step once", async () => {
	const names = Array.from({ length: 100 }, (_, index) => `space-${String(index).padStart(3, "0")}`);
	const stepsOf = Object.fromEntries(names.map((name, index) => [name, index === 50 ? 200 : index % 4]));
	const { env, state, erased } = deployment(stepsOf);
	const sum = { spaces: 0, messages: 0 };
	let after: string | undefined;
	do {
		state.asked = 0;
		const done = await eraseSome(env, after);
		expect(state.asked).toBeLessThan(50);
		sum.spaces += done.spaces;
		sum.messages += done.messages;
		after = done.next;
	} while (after !== undefined);
	const steps = names.flatMap((name) =>
		Array.from({ length: Math.max(1, stepsOf[name] ?? 0) }, (_, index) => `${name} ${index + 1}`),
	);
	expect(erased).toEqual(steps);
	expect(sum).toEqual({ spaces: names.length, messages: steps.length });
});

test("a space that always fails is passed by and named, wherever it stands, and all others are erased", async () => {
	const names = Array.from({ length: 100 }, (_, index) => `space-${String(index).padStart(3, "0")}`);
	const { env, state, erased } = deployment(Object.fromEntries(names.map((name) => [name, 1])));
	// More in a row than one request asks for, and the last one.
	const away = [...names.slice(20, 85), ...names.slice(99)];
	state.away = new Set(away);
	const failed: string[] = [];
	let spaces = 0;
	let after: string | undefined;
	do {
		state.asked = 0;
		const done = await eraseSome(env, after);
		expect(state.asked).toBeLessThan(50);
		failed.push(...(done.failed ?? []));
		spaces += done.spaces;
		after = done.next;
	} while (after !== undefined);
	expect([failed, spaces]).toEqual([away, names.length - away.length]);
	expect(erased).toEqual(names.filter((name) => !state.away.has(name)).map((name) => `${name} 1`));
});

test("a space that fails in its middle is named, and done by a request of its own", async () => {
	const { env, state, erased } = deployment({ a: 2, b: 40, c: 1 });
	const first = await eraseSome(env, undefined);
	expect(first).toEqual({ spaces: 1, messages: 30, members: 0, records: 0, kept: 0, next: expect.any(String) });
	state.away.add("b");
	const rest = await eraseSome(env, first.next);
	expect(rest).toEqual({ spaces: 1, messages: 1, members: 0, records: 0, kept: 0, failed: ["b"] });
	await expect(eraseSome(env, undefined, "b")).rejects.toThrow("away");
	state.away.clear();
	const begun = await eraseSome(env, undefined, "b");
	state.away.add("b");
	await expect(eraseSome(env, begun.next, "b")).rejects.toThrow("away");
	state.away.clear();
	expect(await eraseSome(env, begun.next, "b")).toMatchObject({ spaces: 1, messages: 10 });
	expect(erased.slice(-11)).toEqual(Array.from({ length: 11 }, (_, index) => `b ${index + 30}`));
});

test("one space alone that fails in its middle is not named: the next request goes on there", async () => {
	const { env, state, erased } = deployment({ a: 5 });
	state.lasts = 2;
	const first = await eraseSome(env, undefined, "a");
	expect(first).toEqual({ spaces: 0, messages: 2, members: 0, records: 0, kept: 0, next: expect.any(String) });
	state.lasts = Number.POSITIVE_INFINITY;
	expect(await eraseSome(env, first.next, "a")).toMatchObject({ spaces: 1, messages: 3 });
	expect(erased).toEqual(["a 1", "a 2", "a 3", "a 4", "a 5"]);
});

test("where all fails from the beginning, the request is refused", async () => {
	const { env, state } = deployment({ a: 1, b: 1 });
	state.away = new Set(["a", "b"]);
	await expect(eraseSome(env, undefined)).rejects.toThrow("away");
	state.away.delete("b");
	expect(await eraseSome(env, undefined)).toMatchObject({ spaces: 1, failed: ["a"] });
	expect(await eraseSome(deployment({}).env, undefined)).toMatchObject({ spaces: 0 });
});
