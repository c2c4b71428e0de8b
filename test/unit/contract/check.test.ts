import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
	checkCallInput,
	checkCallOutput,
	checkPublish,
	checkRecord,
	type ReadContract,
	readContract,
} from "../../../protocol/contract/check.ts";
import { type Contract, defineContract } from "../../../protocol/contract/contract.ts";
import { isJson } from "../../../protocol/contract/is-json.ts";
import { describeContract } from "../../../protocol/contract/json-schema.ts";
import type { StandardSchema } from "../../../protocol/contract/standard-schema.ts";

function read(contract: Contract): ReadContract {
	const result = readContract(contract);
	if (!result.ok) throw new Error(result.fault.message);
	return result.value;
}

/** A schema of no library. */
function schema(validate: (value: unknown) => unknown): StandardSchema {
	return { "~standard": { version: 1, vendor: "test", validate: validate as StandardSchema["~standard"]["validate"] } };
}

const contract = read(
	defineContract({
		channels: {
			"chat:*": z.object({ text: z.string().max(5), mood: z.string().default("calm") }),
			"chat:**": v.object({ lines: v.array(v.object({ "a/b~c": v.number() })) }),
		},
		collections: { carts: v.object({ count: v.number() }) },
		services: { resize: { input: z.object({ width: z.number() }), output: z.string() } },
	}),
);

describe("a check", () => {
	test("gives out what the schema does, and says where the first thing is that is wrong", () => {
		expect(checkPublish(contract, "chat:1", { text: "hi", more: 1 })).toEqual({
			ok: true,
			value: { text: "hi", mood: "calm" },
		});
		expect(checkPublish(contract, "chat:1", { text: 1 })).toMatchObject({
			ok: false,
			code: "contract_violated",
			path: "/text",
			message: expect.stringMatching(/^The contract does not take this at \/text: .+\.$/),
		});
		const deep = checkPublish(contract, "chat:1:2", { lines: [{ "a/b~c": 1 }, { "a/b~c": "2" }] });
		expect(deep).toMatchObject({ ok: false, path: "/lines/1/a~1b~0c" });
		expect(checkPublish(contract, "chat:1", "hi")).toMatchObject({ ok: false, path: "" });
	});

	test("passes what the contract does not speak of, and has one for records and calls", () => {
		expect(checkPublish(contract, "chat", 1)).toEqual({ ok: true, value: 1 });
		expect(checkRecord(contract, "carts", { count: "1" })).toMatchObject({ ok: false, path: "/count" });
		expect(checkRecord(contract, "other", { count: "1" })).toMatchObject({ ok: true });
		expect(checkCallInput(contract, "resize", {})).toMatchObject({ ok: false, path: "/width" });
		expect(checkCallInput(contract, "other", {})).toMatchObject({ ok: true });
		expect(checkCallOutput(contract, "resize", "done")).toEqual({ ok: true, value: "done" });
		expect(checkCallOutput(contract, "resize", 1)).toMatchObject({ ok: false, path: "" });
	});

	test("never takes what a schema answers late, gives out as no JSON, or throws at", () => {
		const late = (value: unknown) => (value === "late" ? Promise.reject(new Error("late")) : { value });
		const cases: [validate: (value: unknown) => unknown, value: string][] = [
			[late, "late"],
			[() => ({ value: new Date(0) }), "x"],
			[() => ({ value: Number.NaN }), "x"],
			[() => ({ value: () => 1 }), "x"],
			[() => ({}), "x"],
			[() => undefined, "x"],
			[
				() => {
					throw new Error("it throws");
				},
				"x",
			],
		];
		for (const [validate, value] of cases) {
			const checked = checkPublish(read({ channels: { a: schema(validate) } }), "a", value);
			expect(checked).toMatchObject({ ok: false, code: "application_failed" });
			expect(!checked.ok && checked.reason).toBeTruthy();
			expect(!checked.ok && checked.message).not.toMatch(/it throws/);
		}
	});
});

describe("a contract is refused at the start", () => {
	const later = async () => true;
	const asynchronous: [what: string, schema: StandardSchema][] = [
		["an async function", schema(async (value) => ({ value }))],
		["zod, at the root", z.string().refine(later)],
		["zod, deep inside", z.object({ a: z.object({ b: z.array(z.string()), c: z.number().refine(later) }) })],
		["zod, an email", z.object({ mail: z.email().refine(later), url: z.url() })],
		["zod, after a transform", z.string().transform(async (text) => text.length)],
		["zod, optional", z.object({ a: z.boolean(), b: z.string().min(10) }).refine(later)],
		["valibot", v.pipeAsync(v.string(), v.checkAsync(later))],
		["valibot, deep inside", v.objectAsync({ a: v.pipeAsync(v.string(), v.checkAsync(later)) })],
	];
	test.each(asynchronous)("where a schema is asynchronous: %s", (_, one) => {
		for (const refused of [
			{ channels: { "a:*": one } },
			{ collections: { a: one } },
			{ services: { a: { input: one } } },
			{ services: { a: { output: one } } },
		]) {
			const result = readContract(refused);
			expect(result.ok ? "" : result.fault.message).toMatch(/^contract, \w+, "a(:\*)?".*asynchronous/);
		}
	});

	test("where something is no schema, no pattern, no name, or no section", () => {
		const contracts: [contract: unknown, message: RegExp][] = [
			[{ channels: { a: {} } }, /^contract, channels, "a": this is no schema/],
			[{ collections: { a: undefined } }, /^contract, collections, "a": this is no schema/],
			[{ channels: { "a*": z.string() } }, /^contract, channels: "a\*" is no pattern/],
			[{ collections: { "**:a": z.string() } }, /^contract, collections: "\*\*:a" is no pattern/],
			[{ services: { "a/b": {} } }, /^contract, services: "a\/b" is no name/],
			[{ chanels: {} }, /no chanels\.$/],
		];
		for (const [refused, message] of contracts) {
			const result = readContract(refused as Contract);
			expect(result.ok ? "" : result.fault.message).toMatch(message);
		}
	});

	test("and not where schemas are synchronous, also when no value for them is found, or they throw at odd ones", () => {
		const picky = schema((value) => (value === "open sesame" ? { value } : { issues: [{ message: "no" }] }));
		const brittle = schema((value) => ({ value: (value as string).length }));
		const union = z.discriminatedUnion("t", [z.object({ t: z.literal("a") }), z.object({ t: z.literal("b") })]);
		const recursive: z.ZodType = z.lazy(() => z.object({ next: recursive }));
		const throwing = z.unknown().transform((value) => (value as { list?: unknown }).list ?? null);
		for (const one of [
			picky,
			throwing,
			brittle,
			union,
			recursive,
			z.never(),
			z.record(z.string(), z.number()),
			v.unknown(),
		]) {
			expect(readContract({ channels: { a: one } }).ok).toBe(true);
		}
	});
});

test("a value is JSON only if JSON carries it as it is", () => {
	const deep = (depth: number) => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`) as unknown;
	for (const value of [null, true, "", -0, 1.5, [], {}, { a: undefined }, [[1]], Object.create(null), deep(32)]) {
		expect([value, isJson(value)]).toEqual([value, true]);
	}
	const others = [undefined, Number.NaN, Infinity, 2 ** 53, 1n, Symbol("a"), () => 1, new Date(), new Map(), /a/];
	for (const value of [...others, [undefined], { a: new Date() }, { toJSON: () => 1 }, deep(33), Array(1)]) {
		expect(isJson(value)).toBe(false);
	}
});

test("a contract is described as JSON Schema where a library says it, and by a sentence elsewhere", () => {
	const described = describeContract({
		channels: {
			"chat:*": z.object({ text: z.string().default("hi") }),
			odd: z.string().transform((text) => text.length),
		},
		collections: { carts: v.object({ count: v.number() }) },
		services: { resize: { input: z.number(), output: z.bigint() } },
	});
	expect(described).toMatchObject({
		channels: { "chat:*": { type: "object", properties: { text: { type: "string" } } }, odd: { type: "string" } },
		collections: { carts: { description: "A schema of valibot, which does not say it as JSON Schema." } },
		services: { resize: { input: { type: "number" }, output: { description: expect.any(String) } } },
	});
	expect(JSON.parse(JSON.stringify(described))).toEqual(described);
});
