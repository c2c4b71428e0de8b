import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sameDigest } from "../../../worker/auth/digest.ts";
import { weakness } from "../../../worker/auth/entropy.ts";
import { identifyKey, readKeys } from "../../../worker/auth/keys.ts";
import { otherSecret, testSecret } from "../../helpers/signing.ts";

describe("a secret", () => {
	test("of 32 random bytes is taken, in whatever common way it is written", () => {
		for (let round = 0; round < 1_500; round++) {
			const bytes = randomBytes(32);
			for (const way of ["base64", "base64url", "hex"] as const) expect(weakness(bytes.toString(way))).toBeUndefined();
		}
	});

	test.each([
		["a word", "password"],
		["31 random bytes", randomBytes(31).toString("base64url")],
		["31 random bytes in hexadecimal", randomBytes(31).toString("hex")],
		["one letter", "a".repeat(64)],
		["one letter, in a rich alphabet", `A${"a".repeat(63)}`],
		["a word again and again", "correctHorse7".repeat(5)],
		["the alphabet", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"],
		["digits up and down", "0123456789abcdeffedcba98765432100123456789abcdef0123456789abcdef"],
		["64 decimal digits", "3141592653589793238462643383279502884197169399375105820974944592"],
		["two halves that are the same", randomBytes(16).toString("hex").repeat(2)],
		["few characters", "abABcdCD".repeat(8)],
		["nothing but padding", "=".repeat(64)],
	])("is refused where it is %s", (_, secret) => {
		expect(weakness(secret)).toEqual(expect.any(String));
	});
});

describe("AEROGRAM_KEYS", () => {
	test("holds pairs, apart by commas or any white space; both of a rotation count", async () => {
		for (const between of [",", " ", "\n", " ,\n\t", ", "]) {
			const keys = await readKeys(` old:${testSecret}${between}new:${otherSecret}\n`);
			if (!keys.ok) throw new Error(keys.fault.message);
			expect([...keys.value.keys()]).toEqual(["old", "new"]);
			expect(await identifyKey(keys.value, `old.${testSecret}`)).toMatchObject({ value: { principal: "key:old" } });
			expect(await identifyKey(keys.value, `new.${otherSecret}`)).toMatchObject({ value: { principal: "key:new" } });
		}
	});

	test("may be empty: then there are no keys", async () => {
		expect(await readKeys(" \n")).toEqual({ ok: true, value: new Map() });
	});

	test.each([
		["no id", `:${testSecret}`, /pair 1 is no id:secret/],
		["an id with a dot", `a.b:${testSecret}`, /pair 1 is no id:secret/],
		["an id that is too long", `${"a".repeat(65)}:${testSecret}`, /pair 1 is no id:secret/],
		["no secret", "main", /pair 1 is no id:secret/],
		["a secret alone", testSecret, /pair 1 is no id:secret/],
		["a secret in the place of the id", `${testSecret}:main`, /secret of pair 1 is 4 characters/],
		["a secret with a dot", `main:${testSecret}.x`, /secret of key main must be/],
		["a secret with a colon", `main:${testSecret}:x`, /secret of key main must be/],
		["a weak secret", "main:hunter2", /secret of key main is 7 characters.*openssl/],
		["an id twice", `main:${testSecret},main:${otherSecret}`, /key main stands there twice/],
		["a secret twice", `main:${testSecret},next:${testSecret}`, /key next has the secret of another/],
	])("with %s is not taken, and what is wrong is said without the secret", async (_, text, sentence) => {
		const read = await readKeys(text);
		expect(read).toMatchObject({
			ok: false,
			fault: { code: "not_configured", message: expect.stringMatching(sentence) },
		});
		expect(JSON.stringify(read)).not.toContain(testSecret);
	});

	test("and what the configuration says of a key limits it", async () => {
		const capabilities = [{ allow: ["publish"] as const, on: "builds/channels/**" }];
		const keys = await readKeys(`ci:${testSecret} main:${otherSecret}`, { ci: { capabilities } });
		if (!keys.ok) throw new Error(keys.fault.message);
		expect(keys.value.get("ci")?.capabilities).toEqual(capabilities);
		expect(keys.value.get("main")?.rights.allows("admin", "s", "channels", "c")).toBe(true);
		expect(await readKeys(`ci:${testSecret}`, { ci: { capabilities: [{ allow: [], on: "x" }] } })).toMatchObject({
			fault: { code: "not_configured", message: expect.stringMatching(/keys\.ci: Capability 0/) },
		});
	});
});

describe("a key that is shown", () => {
	test.each([
		["another secret", `main.${otherSecret}`],
		["a secret that is longer", `main.${testSecret}x`],
		["a secret that is shorter", `main.${testSecret.slice(1)}`],
		["no secret", "main."],
		["no dot", "main"],
		["an unknown id", `other.${testSecret}`],
		["an id that every object has", `__proto__.${testSecret}`],
		["another case", `Main.${testSecret}`],
		["the digest", `main.${"0".repeat(64)}`],
	])("with %s is refused, always in the same words", async (_, credential) => {
		const keys = await readKeys(`main:${testSecret}`);
		if (!keys.ok) throw new Error(keys.fault.message);
		expect(await identifyKey(keys.value, credential)).toEqual({
			ok: false,
			fault: { code: "unauthorized", message: "This key is not known here." },
		});
	});

	test("is compared by its digest, all of it", () => {
		const digest = randomBytes(32);
		expect(sameDigest(digest, new Uint8Array(digest))).toBe(true);
		for (let at = 0; at < 32; at++) {
			const other = new Uint8Array(digest);
			other[at] = (other[at] ?? 0) ^ 1;
			expect(sameDigest(digest, other)).toBe(false);
		}
		expect(sameDigest(digest, digest.subarray(0, 31))).toBe(false);
		expect(sameDigest(digest.subarray(0, 31), digest)).toBe(false);
	});
});
