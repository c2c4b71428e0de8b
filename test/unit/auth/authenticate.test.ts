import { describe, expect, test } from "vitest";
import { everything } from "../../../protocol/capabilities.ts";
import type { Identity } from "../../../protocol/identity.ts";
import { authenticate, recheck } from "../../../worker/auth/authenticate.ts";
import type { Env } from "../../../worker/env.ts";
import { refuseEntry } from "../../../worker/http/access.ts";
import { otherSecret, signToken, testSecret } from "../../helpers/signing.ts";

const keys = `main:${testSecret}`;
const shown = { authorization: `Bearer main.${testSecret}` };

/** A Directory in which nothing was revoked. */
const directory = {
	idFromName: () => "",
	get: () => ({ revocationsAfter: async () => ({ version: 0, revocations: [] }) }),
};

function envOf(more: Partial<Env>): Env {
	return { DIRECTORY: directory, ...more } as unknown as Env;
}

function request(headers: Record<string, string> = {}, url = "http://localhost/v1/spaces"): Request {
	return new Request(url, { headers });
}

async function principalOf(env: Partial<Env>, headers: Record<string, string>): Promise<string> {
	const identity = await authenticate(request(headers), envOf(env));
	return identity.ok ? identity.value.principal : identity.fault.code;
}

describe("in dev mode", () => {
	test("everybody is anonymous and may do everything", async () => {
		expect(await authenticate(request(), envOf({ AEROGRAM_DEV: "1" }))).toEqual({
			ok: true,
			value: { principal: "anonymous", capabilities: everything },
		});
	});

	test("who shows a key or token is taken at his word where there are keys, and refused if it is wrong", async () => {
		const env = { AEROGRAM_DEV: "1", AEROGRAM_KEYS: keys };
		expect(await principalOf(env, {})).toBe("anonymous");
		expect(await principalOf(env, shown)).toBe("key:main");
		expect(await principalOf(env, { authorization: `Bearer ${signToken()}` })).toBe("ada");
		expect(await principalOf(env, { authorization: `Bearer main.${otherSecret}` })).toBe("unauthorized");
	});

	test("a program that will show a token elsewhere runs where there are none", async () => {
		expect(await principalOf({ AEROGRAM_DEV: "1" }, { authorization: `Bearer ${signToken()}` })).toBe("anonymous");
		expect(await principalOf({ AEROGRAM_DEV: "1" }, { authorization: "Basic x" })).toBe("anonymous");
	});
});

test("who was let in counts no longer than the key behind it; for whom there is none, nothing is asked", async () => {
	const codeOf = async (identity: Identity, env: Env) => {
		const checked = await recheck(identity, env);
		return checked.ok ? checked.value.principal : checked.fault.code;
	};
	const ada = { principal: "ada", capabilities: [], key: "main" };
	expect(await codeOf(ada, envOf({ AEROGRAM_KEYS: keys }))).toBe("ada");
	expect(await codeOf(ada, envOf({ AEROGRAM_KEYS: `next:${otherSecret}` }))).toBe("unauthorized");
	const nothing = {} as unknown as Env;
	for (const principal of ["anonymous", "tcp"]) {
		expect(await codeOf({ principal, capabilities: everything }, nothing)).toBe(principal);
	}
});

test("a ticket counts no longer than the key that is behind it", async () => {
	const path = "/v1/spaces/s/channels/c/messages";
	const kept = { identity: { principal: "ada", capabilities: [], key: "main" }, path, opens: "stream", expires: 9e15 };
	const shards = { ...directory, get: () => ({ ...directory.get(), useTicket: async () => kept }) };
	const open = async (text: string) => {
		const asked = request({ accept: "text/event-stream" }, `http://localhost${path}?ticket=${"A".repeat(43)}`);
		const identity = await authenticate(asked, envOf({ AEROGRAM_KEYS: text, DIRECTORY: shards as never }));
		return identity.ok ? identity.value.principal : identity.fault.code;
	};
	expect(await open(keys)).toBe("ada");
	expect(await open(`other:${otherSecret}`)).toBe("unauthorized");
});

describe("keys that cannot be", () => {
	test.each([
		["main:short", /secret of key main is 5 characters/],
		["main", /pair 1 is no id:secret/],
		[`${keys},${keys}`, /key main stands there twice/],
	])("close the server, which says why: %s", async (text, sentence) => {
		for (const mode of [{}, { AEROGRAM_DEV: "1" }]) {
			const env = envOf({ ...mode, AEROGRAM_KEYS: text });
			expect(await refuseEntry(request(), env, () => false)).toMatchObject({
				code: "not_configured",
				message: expect.stringMatching(sentence),
			});
			expect(await authenticate(request(shown), env)).toMatchObject({ ok: false, fault: { code: "not_configured" } });
		}
	});

	test("are none where the secret is empty or not set: then a server without dev mode is closed", async () => {
		for (const env of [{}, { AEROGRAM_KEYS: "" }, { AEROGRAM_KEYS: " \n", AEROGRAM_DEV: "0" }]) {
			expect(await refuseEntry(request(), envOf(env), () => false)).toMatchObject({
				code: "not_configured",
				message: expect.stringMatching(/AEROGRAM_KEYS/),
			});
		}
		expect(
			await refuseEntry(request({}, "https://edge.example.com/"), envOf({ AEROGRAM_KEYS: keys }), () => false),
		).toBeUndefined();
	});
});
