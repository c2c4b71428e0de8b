import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { revocationLimits, tokenLimits } from "../../../protocol/auth-limits.ts";
import type { Revocation } from "../../../worker/directory/revocation.ts";
import { Revocations } from "../../../worker/directory/revocations.ts";
import { tellSome } from "../../../worker/directory/telling.ts";

const key: Revocation = { kind: "key", name: "stolen" };
const token: Revocation = { kind: "jti", name: "t1" };
const start = 1_700_000_000_000;

type Storage = ConstructorParameters<typeof Revocations>[0];

beforeEach(() => {
	vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
	vi.restoreAllMocks();
});

/** The part of the platform's SQLite that the Directory uses, over Node's. */
function sqlStorage(): Storage {
	const database = new DatabaseSync(":memory:");
	const exec = (query: string, ...bindings: readonly (string | number | null)[]) => {
		const rows = database.prepare(query).all(...bindings);
		return { toArray: () => rows };
	};
	return { exec } as unknown as Storage;
}

/** A shard that knows so many spaces, with a clock that its alarms set. */
class Shard {
	readonly revocations = new Revocations(sqlStorage());
	readonly spaces: readonly string[];
	/** Whoever cannot be told. */
	readonly away = new Set<string>();
	/** Who was told in each turn. */
	readonly turns: string[][] = [];
	now = start;
	/** Happens once, while spaces are told. */
	meanwhile: (() => void) | undefined;

	constructor(count: number) {
		this.spaces = Array.from({ length: count }, (_, index) => `space-${String(index).padStart(4, "0")}`);
	}

	/** One alarm, at the time for which it is set. Whether there was one. */
	async alarm(): Promise<boolean> {
		const due = this.revocations.due();
		if (due === undefined) return false;
		this.now = Math.max(this.now, due);
		const turn: string[] = [];
		this.turns.push(turn);
		await tellSome(this.revocations, {
			now: () => this.now,
			spacesAfter: (after, most) => this.spaces.filter((name) => name > after).slice(0, most),
			tell: async (name) => {
				turn.push(name);
				this.meanwhile?.();
				this.meanwhile = undefined;
				if (this.away.has(name)) throw new Error("the space is away, as a test has it");
			},
		});
		return true;
	}

	/** All alarms until none is set, or one is later than that. */
	async run(until = Number.POSITIVE_INFINITY): Promise<void> {
		for (let due = this.revocations.due(); due !== undefined && due <= until; due = this.revocations.due()) {
			await this.alarm();
		}
	}
}

test("more spaces than an invocation may ask are told in several turns, each from where the last one stopped, all of them twice", async () => {
	const shard = new Shard(500);
	shard.revocations.add(key, start);
	await shard.run(start);
	expect(shard.turns.flat()).toEqual(shard.spaces);
	await shard.run();
	expect(shard.turns.flat()).toEqual([...shard.spaces, ...shard.spaces]);
	expect(Math.max(...shard.turns.map((turn) => turn.length))).toBe(revocationLimits.spacesAtOnce);
	expect(revocationLimits.spacesAtOnce).toBeLessThan(50);
	expect(shard.now).toBe(start + revocationLimits.againSeconds * 1_000);
});

test("several revocations share what one turn may ask", async () => {
	const shard = new Shard(60);
	shard.revocations.add(key, start);
	shard.revocations.add(token, start);
	await shard.run();
	expect(Math.max(...shard.turns.map((turn) => turn.length))).toBe(revocationLimits.spacesAtOnce);
	expect(shard.turns.flat().toSorted()).toEqual(shard.spaces.flatMap((name) => [name, name, name, name]));
});

test("a space that cannot be told is tried alone and ever more rarely, and told in the end, however late", async () => {
	const shard = new Shard(100);
	shard.away.add("space-0007").add("space-0099");
	shard.revocations.add(key, start);
	await shard.run(start + 3 * 86_400_000);
	expect(shard.turns.flat().filter((name) => name === "space-0050").length).toBe(2);
	const before = shard.turns.length;
	expect(before).toBeLessThan(600);
	shard.away.clear();
	await shard.run();
	expect(shard.turns.slice(before)).toEqual([["space-0007", "space-0099"]]);
});

test("of tokens that have all ended no space is told any more", async () => {
	const shard = new Shard(3);
	shard.away.add("space-0001");
	shard.revocations.add(token, start);
	await shard.run();
	expect(shard.now).toBeGreaterThan(start + tokenLimits.lifeSeconds * 1_000);
	expect(shard.now).toBeLessThan(start + tokenLimits.lifeSeconds * 1_000 + 3_600_000);
	expect(shard.revocations.after(0).revocations).toEqual([]);
});

test("what is revoked once more is told to all anew, also while it is being told, and is known as before", async () => {
	const shard = new Shard(100);
	shard.revocations.add(key, start);
	await shard.run();
	const { version } = shard.revocations.after(0);
	shard.revocations.add(key, shard.now + 60_000);
	shard.meanwhile = () => shard.revocations.add(key, shard.now + 1_000);
	await shard.alarm();
	shard.turns.length = 0;
	await shard.run();
	expect(shard.turns.flat()).toEqual([...shard.spaces, ...shard.spaces]);
	expect(shard.revocations.after(0)).toEqual({ version, revocations: [key] });
});
