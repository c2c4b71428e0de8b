import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
	type Capability,
	compileRights,
	everything,
	operations,
	type ResourceKind,
	readCapabilities,
} from "../../../protocol/capabilities.ts";
import type { ClientEnvelope } from "../../../protocol/envelopes.ts";
import { limits } from "../../../protocol/limits.ts";
import { projectFolder } from "../../../tools/build.ts";
import { createApp } from "../../../worker/app.ts";
import { openApiDocument } from "../../../worker/openapi/document.ts";
import { Random } from "../../helpers/random.ts";
import { mayDo } from "../../helpers/rights-oracle.ts";

const page = readFileSync(join(projectFolder, "docs/reference/capabilities.md"), "utf8");
const kinds: readonly ResourceKind[] = ["channels", "collections", "services"];

/** The names in the first column of every table that say so. */
const rows = new Set([...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name));

function read(value: unknown): readonly Capability[] {
	const capabilities = readCapabilities(value);
	if (!capabilities.ok) throw new Error(capabilities.fault.message);
	return capabilities.value;
}

/** Names of few and like parts, so that many of them match. */
function name(random: Random, stars: boolean): string {
	const parts = ["a", "a", "b", "B", "ab", ...(stars ? ["*", "*", "*"] : [])];
	const made = Array.from({ length: 1 + random.below(3) }, () => random.pick(parts));
	if (stars && random.below(3) === 0) made[made.length - 1] = "**";
	return made.join(":");
}

/** A name that a pattern stands for, or nearly. */
function near(random: Random, pattern: string): string {
	if (random.below(4) === 0) return name(random, false);
	return pattern
		.split(":")
		.map((part) => (part === "*" ? "b" : part === "**" ? name(random, false) : part))
		.join(":");
}

function capability(random: Random): Capability {
	const allow = operations.filter(() => random.below(2) === 0);
	const kind = random.pick([...kinds, ...kinds, "*", "**"]);
	const space = random.below(3) === 0 ? "**" : name(random, true);
	return { allow: allow.length > 0 ? allow : ["read"], on: `${space}/${kind}/${name(random, true)}` };
}

test("10,000 random questions are answered as the page says, read by a slow reader of its own", () => {
	const seed = Math.floor(Math.random() * 2 ** 32);
	const random = new Random(seed);
	const total = 10_000;
	let allowed = 0;
	const wrong: unknown[] = [];
	for (let count = 0; count < total; count++) {
		const capabilities = read(Array.from({ length: 1 + random.below(6) }, () => capability(random)));
		const like = random.pick(capabilities).on.split("/");
		const operation = random.pick(operations);
		const [space, thing] = [near(random, like[0] ?? ""), near(random, like[2] ?? "")];
		const kind = kinds.find((each) => each === like[1]) ?? random.pick(kinds);
		const expected = mayDo(capabilities, operation, `${space}/${kind}/${thing}`);
		const answer = compileRights(capabilities).allows(operation, space, kind, thing);
		if (answer !== expected) wrong.push({ seed, capabilities, operation, space, kind, thing, answer });
		if (expected) allowed += 1;
	}
	expect(wrong).toEqual([]);
	console.log(`seed ${seed}: ${total} questions, ${allowed} allowed, ${total - allowed} not`);
	expect(allowed).toBeGreaterThanOrEqual(total / 5);
	expect(total - allowed).toBeGreaterThanOrEqual(total / 5);
});

test("what rights cover, they allow: nobody can be given by them what they do not have", () => {
	const seed = Math.floor(Math.random() * 2 ** 32);
	const random = new Random(seed);
	let covered = 0;
	for (let count = 0; count < 10_000; count++) {
		const own = compileRights([capability(random), capability(random), capability(random)]);
		const wanted = { ...capability(random), allow: [random.pick(operations)] };
		if (!own.covers([wanted])) continue;
		covered += 1;
		const given = compileRights([wanted]);
		for (let asked = 0; asked < 20; asked++) {
			const question = [
				random.pick(wanted.allow),
				name(random, false),
				random.pick(kinds),
				name(random, false),
			] as const;
			if (given.allows(...question)) expect([seed, wanted, question, own.allows(...question)].at(-1)).toBe(true);
		}
	}
	console.log(`seed ${seed}: ${covered} of 10,000 covered`);
	expect(covered).toBeGreaterThan(200);
});

test("covering compares patterns: wider covers narrower, never the other way", () => {
	const all = (on: string) => [{ allow: ["publish" as const], on }];
	const covers = (outer: string, inner: string) => compileRights(all(outer)).covers(all(inner));
	const rows: [outer: string, inner: string, covers: boolean][] = [
		["**/*/**", "a/channels/b", true],
		["a/*/**", "a/channels/**", true],
		["a/*/**", "a/*/**", true],
		["a/channels/**", "a/*/**", false],
		["a/channels/*", "a/channels/**", false],
		["a/channels/*:**", "a/channels/**", false],
		["a/channels/b:**", "a/channels/b:*", true],
		["a/channels/b:*", "a/channels/*:*", false],
		["a/channels/*:*", "a/channels/b:*", true],
		["*/channels/b", "**/channels/b", false],
	];
	for (const [outer, inner, expected] of rows)
		expect([outer, inner, covers(outer, inner)]).toEqual([outer, inner, expected]);
	expect(compileRights(all("a/*/**")).covers([{ allow: ["publish", "read"], on: "a/channels/b" }])).toBe(false);
	expect(compileRights([...all("a/channels/**"), ...all("a/*/x")]).covers(all("a/channels/y"))).toBe(true);
	expect(compileRights(everything).covers(all("a/nonsense/b"))).toBe(false);
});

test("what is no capability is refused, and allows nothing where it was not read", () => {
	const good = { allow: ["read"], on: "a/collections/b" };
	const bad: unknown[] = [
		null,
		"x",
		{},
		[null],
		[[]],
		["publish"],
		[{ allow: ["read"] }],
		[{ on: "a/channels/b" }],
		[{ ...good, allow: [] }],
		[{ ...good, allow: "read" }],
		[{ ...good, allow: ["Read"] }],
		[{ ...good, allow: ["*"] }],
		[{ ...good, allow: ["read", "read"] }],
		[{ ...good, allow: ["__proto__"] }],
		[{ ...good, deny: ["write"] }],
		[{ ...good, on: 7 }],
		...[
			"",
			"a",
			"a/channels",
			"a/channels/b/c",
			"/channels/b",
			"a/channel/b",
			"a/Channels/b",
			"a//b",
			"a/channels/",
		].map((on) => [{ ...good, on }]),
		...["a/channels/**:b", "a/channels/a*", "a/channels/b%2f", "a /channels/b", "../channels/b", "a/ch*/b"].map(
			(on) => [{ ...good, on }],
		),
		[{ ...good, on: `a/channels/${"b".repeat(limits.nameLength + 1)}` }],
		Array.from({ length: limits.capabilities + 1 }, () => good),
	];
	for (const value of bad) {
		expect([value, readCapabilities(value)]).toMatchObject([value, { ok: false, fault: { code: "bad_request" } }]);
	}
	expect(read(Array.from({ length: limits.capabilities }, () => good))).toHaveLength(limits.capabilities);
	const longest = `${"a".repeat(limits.nameLength)}/collections/${"b".repeat(limits.nameLength)}`;
	expect(read([{ ...good, on: longest }])).toHaveLength(1);
	expect(compileRights([{ allow: ["read"], on: "a/channels/a*" }]).allows("read", "a", "channels", "a*")).toBe(false);
	expect(compileRights([]).allows("read", "a", "channels", "b")).toBe(false);
	for (const operation of operations) {
		for (const kind of kinds) expect(compileRights(everything).allows(operation, "a:b", kind, "c:d")).toBe(true);
	}
});

test("the page says what every route, every envelope and every operation is for", () => {
	const { paths } = JSON.parse(JSON.stringify(openApiDocument(createApp().routes))) as {
		paths: Record<string, object>;
	};
	const routes = Object.entries(paths).flatMap(([path, item]) =>
		Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
	);
	const envelopes = {
		subscribe: "sub",
		unsubscribe: "unsub",
		publish: "pub",
		credit: "credit",
		"watch-credit": "credit",
		enter: "enter",
		update: "update",
		leave: "leave",
		watch: "watch",
		unwatch: "unwatch",
		call: "call",
		"call-again": "call",
		cancel: "cancel",
		serve: "serve",
		progress: "progress",
		reply: "reply",
		nack: "nack",
		auth: "auth",
	} satisfies Record<ClientEnvelope["type"], string>;
	const wanted = [...routes, ...Object.values(envelopes), ...operations];
	console.log(`${routes.length} routes, ${Object.keys(envelopes).length} envelopes, ${operations.length} operations`);
	expect(wanted.filter((name) => !rows.has(name))).toEqual([]);
	const said = [...rows].filter((name) => /^[A-Z]+ \//.test(name ?? ""));
	expect(said.filter((name) => !routes.includes(name ?? ""))).toEqual([]);
});
