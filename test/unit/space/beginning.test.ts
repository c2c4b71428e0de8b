import { expect, test } from "vitest";
import { Beginning } from "../../../worker/space/beginning.ts";

/** A space whose Directory answers when it is told to, and what was asked of it. */
class Bench {
	owner: string | undefined;
	readonly asked: string[] = [];
	#answer: (outcome: boolean | Error) => void = () => {};
	beginning = this.wake();

	wake(): Beginning {
		const bench = this;
		const schema = {
			get owner() {
				return bench.owner;
			},
			keepOwner: (principal: string) => {
				this.owner = principal;
			},
			dropOwner: () => {
				this.owner = undefined;
			},
		};
		const directory = {
			claim: (principal: string, space: string, most: number) => {
				this.asked.push(`claim ${principal} ${space} ${most}`);
				return new Promise<boolean>((resolve, reject) => {
					this.#answer = (outcome) => (typeof outcome === "boolean" ? resolve(outcome) : reject(outcome));
				});
			},
			release: async (principal: string, space: string) => void this.asked.push(`release ${principal} ${space}`),
		};
		this.beginning = new Beginning(() => directory, schema, "room", 7);
		return this.beginning;
	}

	ask(principal: string): Promise<boolean> {
		return this.beginning.admits({ principal });
	}

	async answer(outcome: boolean | Error): Promise<void> {
		this.#answer(outcome);
		await new Promise((resolve) => setTimeout(resolve, 0));
	}
}

test("the Directory is asked once, whoever waits meanwhile goes on in order, and nobody asks again after a sleep", async () => {
	const bench = new Bench();
	const order: string[] = [];
	const asks = ["a", "b", "a"].map((who, index) => bench.ask(who).then((ok) => order.push(`${who}${index} ${ok}`)));
	await bench.answer(true);
	await Promise.all(asks);
	expect([bench.asked, order]).toEqual([["claim a room 7"], ["a0 true", "b1 true", "a2 true"]]);
	bench.wake();
	expect(await bench.ask("c")).toBe(true);
	expect([bench.asked.length, bench.owner]).toEqual([1, "a"]);
});

test("who may begin none keeps nobody else from it", async () => {
	const bench = new Bench();
	const [refused, other] = [bench.ask("a"), bench.ask("b")];
	await bench.answer(false);
	expect(await refused).toBe(false);
	expect(bench.asked.at(-1)).toBe("claim b room 7");
	await bench.answer(true);
	expect([await other, bench.owner]).toEqual([true, "b"]);
});

test("a key begins any number, also again after a wipe", async () => {
	const bench = new Bench();
	expect(await bench.ask("key:server")).toBe(true);
	bench.beginning.wiped();
	expect(await bench.ask("key:server")).toBe(true);
	expect([bench.asked, bench.owner]).toEqual([[], "key:server"]);
});

test("a wipe gives the space back, and then it counts for whoever comes first", async () => {
	const bench = new Bench();
	const first = bench.ask("a");
	await bench.answer(true);
	expect(await first).toBe(true);
	bench.beginning.wiped();
	const next = bench.ask("b");
	await bench.answer(true);
	expect([await next, bench.owner]).toEqual([true, "b"]);
	expect(bench.asked).toEqual(["claim a room 7", "release a room", "claim b room 7"]);
});

test("a Directory that fails keeps nobody from working, and is asked again at the next start", async () => {
	const bench = new Bench();
	const asked = bench.ask("a");
	await bench.answer(new Error("this test throws on purpose"));
	expect([await asked, bench.owner]).toEqual([true, undefined]);
	bench.wake();
	void bench.ask("a");
	expect(bench.asked).toEqual(["claim a room 7", "claim a room 7"]);
});

test("what is refused anyway begins nothing, and waits for nobody", async () => {
	const bench = new Bench();
	const refused = { code: "forbidden", message: "No." };
	expect(await bench.beginning.admits({ principal: "a", refused })).toBe(true);
	expect([bench.asked, bench.owner]).toEqual([[], undefined]);
});

test("a space that an erased principal began is nobody's: it is given back once, and goes on as it was", async () => {
	const bench = new Bench();
	const first = bench.ask("a");
	await bench.answer(true);
	expect(await first).toBe(true);
	await bench.beginning.forget("b");
	expect(bench.owner).toBe("a");
	await bench.beginning.forget("a");
	await bench.beginning.forget("a");
	expect([bench.owner, bench.asked]).toEqual(["erased", ["claim a room 7", "release a room"]]);
	bench.wake();
	expect(await bench.ask("b")).toBe(true);
	bench.beginning.wiped();
	expect([bench.owner, bench.asked.length]).toEqual([undefined, 2]);
});
