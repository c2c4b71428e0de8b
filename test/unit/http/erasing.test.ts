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
	const state = { asked: 0, away: new Set<string>() };
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
			if (state.away.has(space)) throw new Error("the space is away, as a test has it");
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

function eraseSome(env: Env, after: string | undefined): Promise<Erasure> {
	const read = readErasure({ sub: "ada", ...(after !== undefined && { after }) });
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

test("a space that fails ends a request with what was erased before; one that erased nothing is refused", async () => {
	const { env, state, erased } = deployment({ a: 2, b: 2, c: 1 });
	state.away.add("b");
	const first = await eraseSome(env, undefined);
	expect(first).toMatchObject({ spaces: 1, messages: 2, next: expect.any(String) });
	await expect(eraseSome(env, first.next)).rejects.toThrow("away");
	state.away.clear();
	const rest = await eraseSome(env, first.next);
	expect([rest.spaces, rest.next, erased]).toEqual([2, undefined, ["a 1", "a 2", "b 1", "b 2", "c 1"]]);
});
