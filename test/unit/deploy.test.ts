import { describe, expect, test } from "vitest";
import { type Deployment, planDeployment, type WranglerSettings } from "../../tools/deploy/plan.ts";
import { otherSecret, testSecret } from "../helpers/signing.ts";

const wrangler: WranglerSettings = {
	name: "aerogram",
	compatibility_date: "2026-11-17",
	durable_objects: {
		bindings: [
			{ name: "SPACES", class_name: "Space" },
			{ name: "DIRECTORY", class_name: "Directory" },
		],
	},
	migrations: [{ tag: "v1", new_sqlite_classes: ["Space", "Directory"] }],
	vars: {},
	observability: { logs: { invocation_logs: false } },
};
const sound: Deployment = { wrangler, config: {}, keys: `main:${testSecret}`, keepKeys: false, args: [] };
const issuer = {
	issuer: "https://login.example.com/",
	algorithm: "RS256",
	url: "https://login.example.com/k",
} as const;

async function refusalsOf(more: Partial<Deployment>): Promise<readonly string[]> {
	return (await planDeployment({ ...sound, ...more })).refusals;
}

function edited(more: Partial<WranglerSettings>): Partial<Deployment> {
	return { wrangler: { ...wrangler, ...more } };
}

test("a plan says what would be created, and never a secret", async () => {
	const ci = { capabilities: [{ allow: ["publish"], on: "builds/channels/**" }] } as const;
	const { rows, refusals } = await planDeployment({
		...sound,
		...edited({ routes: ["edge.example.com/*"], vars: { AEROGRAM_LOG: "failures" } }),
		keys: `main:${testSecret} ci:${otherSecret}`,
		config: { origins: ["https://app.example.com"], keys: { ci }, issuers: [issuer] },
	});
	expect(refusals).toEqual([]);
	expect(Object.fromEntries(rows)).toEqual({
		Worker: "aerogram, on the runtime of 2026-11-17",
		Objects: "Space (SQLite, by migration v1), Directory (SQLite, by migration v1)",
		Address: "edge.example.com/*",
		Secrets: "AEROGRAM_KEYS: main, ci (may do less than everything)",
		Issuers: "https://login.example.com/ (RS256)",
		Origins: "pages of the Worker itself, https://app.example.com",
		"Dev mode": "off: nobody is let in without a key or a token",
		"Raw TCP": "none",
		Log: "each request that fails in the Worker, one line",
	});
	for (const secret of [testSecret, otherSecret]) expect(JSON.stringify(rows)).not.toContain(secret);
});

describe("nothing is uploaded", () => {
	test.each<[string, Partial<Deployment>, RegExp]>([
		["without keys", { keys: undefined }, /no keys/],
		["with keys that are empty", { keys: " \n" }, /no keys/],
		["with a short secret", { keys: "main:secret" }, /key main is 6 characters/],
		["with a repeated one", { keys: `main:${"a1B2c3D4e5F6".repeat(5)}` }, /key main (?:repeats|uses only)/],
		["with one of two that is weak", { keys: `main:${testSecret} ci:${"0".repeat(64)}` }, /key ci/],
		["with no id", { keys: testSecret }, /pair 1 is no id:secret/],
		["with weak keys, also where there are others", { keys: "main:secret", keepKeys: true }, /key main/],
		[
			"with a key that may do nothing that is known",
			{ config: { keys: { main: { capabilities: [{ allow: ["fly" as never], on: "a/b/c" }] } } } },
			/keys\.main/,
		],
		["in dev mode", edited({ vars: { AEROGRAM_DEV: "1" } }), /AEROGRAM_DEV/],
		["in dev mode by an argument", { args: ["--var", "AEROGRAM_DEV:1"] }, /AEROGRAM_DEV/],
		[
			"with keys that everybody sees",
			edited({ vars: { AEROGRAM_KEYS: `main:${testSecret}` } }),
			/AEROGRAM_KEYS is a variable/,
		],
		["with an origin that no browser sends", { config: { origins: ["*"] } }, /origins: "\*"/],
		[
			"with an issuer in the clear",
			{ config: { issuers: [{ ...issuer, url: "http://login.example.com/k" }] } },
			/issuers\[0\]/,
		],
		["with a pattern that is none", { config: { channels: { "a b": { kind: "log" } } } }, /channels/],
		["where the platform would log URLs", edited({ observability: {} }), /invocation_logs/],
		[
			"without the class of spaces",
			edited({ durable_objects: { bindings: wrangler.durable_objects.bindings.slice(1) } }),
			/SPACES/,
		],
		["without its migration", edited({ migrations: [{ tag: "v1", new_sqlite_classes: ["Directory"] }] }), /Space/],
	])("%s", async (_, more, sentence) => {
		const refusals = await refusalsOf(more);
		expect(refusals).toEqual([expect.stringMatching(sentence)]);
		expect(refusals.join()).not.toContain(testSecret);
	});

	test("but it is with keys, with those that are there, or with an issuer alone", async () => {
		expect(await refusalsOf({})).toEqual([]);
		expect(await refusalsOf({ keys: undefined, keepKeys: true })).toEqual([]);
		expect(await refusalsOf({ keys: undefined, config: { issuers: [issuer] } })).toEqual([]);
	});
});
