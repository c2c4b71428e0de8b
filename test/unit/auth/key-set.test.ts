import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readIssuers } from "../../../worker/auth/issuers.ts";
import { KeySet } from "../../../worker/auth/key-set.ts";
import { verifyToken } from "../../../worker/auth/verify.ts";
import { publicJwk, signWithKey } from "../../helpers/signing.ts";

const one = generateKeyPairSync("ec", { namedCurve: "P-256" });
const two = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** An issuer's key set on this machine. */
let url: string;
let asked = 0;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const server = createServer((request, response) => {
	asked += 1;
	answer(request, response);
});

beforeAll(async () => {
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
});
afterAll(() => {
	server.closeAllConnections();
	server.close();
});

let now: number;

beforeEach(() => {
	asked = 0;
	now = 1_800_000_000_000;
	answer = has({ one });
});

/** Answers with these keys, by their ids. */
function has(keys: Readonly<Record<string, typeof one>>, more: readonly object[] = []) {
	const jwks = Object.entries(keys).map(([kid, { publicKey }]) =>
		publicJwk(publicKey, { kid, alg: "ES256", use: "sig" }),
	);
	return (_: IncomingMessage, response: ServerResponse) => response.end(JSON.stringify({ keys: [...more, ...jwks] }));
}

const ports = {
	fetch,
	now: () => now,
	patience: 400,
	sleep: (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)),
};

function makeSet(): KeySet {
	const config = { issuer: "https://login.example.com", algorithm: "ES256", url } as const;
	return new KeySet(config, ports);
}

/** Whether a key is found: `yes`, `no`, or the code of the fault. */
async function find(set: KeySet, kid: string): Promise<string> {
	const found = await set.find(kid);
	return found.ok ? (found.value ? "yes" : "no") : found.fault.code;
}

describe("the keys of an issuer", () => {
	test("are fetched once, however many ask at the same time, and used for ten minutes", async () => {
		const set = makeSet();
		const found = await Promise.all(Array.from({ length: 50 }, () => find(set, "one")));
		expect(new Set(found)).toEqual(new Set(["yes"]));
		now += 599_000;
		expect(await find(set, "one")).toBe("yes");
		expect(asked).toBe(1);
		now += 2_000;
		expect(await find(set, "one")).toBe("yes");
		expect(asked).toBe(2);
	});

	test("are fetched again for an id that is not there, at most every 30 s", async () => {
		const set = makeSet();
		expect(await find(set, "one")).toBe("yes");
		answer = has({ one, two });
		for (let count = 0; count < 20; count++) expect(await find(set, `made-up-${count}`)).toBe("no");
		expect(asked).toBe(1);
		now += 30_000;
		expect(await find(set, "two")).toBe("yes");
		for (let count = 0; count < 20; count++) expect(await find(set, `made-up-${count}`)).toBe("no");
		expect(asked).toBe(2);
	});

	test("that are withdrawn no longer count", async () => {
		const set = makeSet();
		expect(await find(set, "one")).toBe("yes");
		answer = has({ two });
		now += 601_000;
		expect(await find(set, "one")).toBe("no");
		expect(await find(set, "two")).toBe("yes");
	});

	test("stay for a day while they cannot be fetched, and then are unavailable", async () => {
		const set = makeSet();
		expect(await find(set, "one")).toBe("yes");
		answer = (_, response) => response.writeHead(500).end();
		now += 86_000_000;
		expect(await find(set, "one")).toBe("yes");
		expect(asked).toBe(2);
		now += 401_000;
		expect(await find(set, "one")).toBe("keys_unavailable");
	});

	test.each<[string, typeof answer]>([
		["an error", (_, response) => response.writeHead(404).end()],
		["a redirect", (_, response) => response.writeHead(302, { location: url }).end()],
		["no JSON", (_, response) => response.end("<html>")],
		["JSON that is no key set", (_, response) => response.end("[]")],
		["nothing, and goes away", (_, response) => response.destroy()],
		["far too much", (_, response) => response.end(`{"keys":[],"pad":"${"x".repeat(300_000)}"}`)],
	])("are unavailable where the URL answers with %s, and it is not asked again at once", async (_, respond) => {
		answer = respond;
		const set = makeSet();
		const fault = await set.find("one");
		expect(fault).toMatchObject({ ok: false, fault: { code: "keys_unavailable", retryAfter: 30 } });
		expect(await find(set, "one")).toBe("keys_unavailable");
		expect(asked).toBe(1);
		answer = has({ one });
		now += 30_000;
		expect(await find(set, "one")).toBe("yes");
	});

	test("are unavailable after a while where the URL hangs, for all who ask meanwhile", async () => {
		answer = () => {};
		const set = makeSet();
		const started = performance.now();
		const clock = setInterval(() => {
			now += 10;
		}, 10);
		const found = await Promise.all([find(set, "one"), find(set, "one"), find(set, "two")]);
		clearInterval(clock);
		expect(found).toEqual(["keys_unavailable", "keys_unavailable", "keys_unavailable"]);
		expect(asked).toBe(1);
		expect(performance.now() - started).toBeGreaterThan(300);
		expect(performance.now() - started).toBeLessThan(5_000);
	});

	test("that cannot be what is configured are passed over", async () => {
		const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
		const jwk = publicJwk(one.publicKey, {});
		answer = has({ two }, [
			publicJwk(rsa.publicKey, { kid: "rsa" }),
			{ ...jwk, kid: "other-algorithm", alg: "ES384" },
			{ ...jwk, kid: "encrypts", use: "enc" },
			{ ...jwk, kid: "broken", x: "AA" },
			{ kty: "oct", kid: "symmetric", k: "c2VjcmV0" },
			{ ...jwk },
			{ ...jwk, kid: 7 },
		]);
		const set = makeSet();
		for (const kid of ["rsa", "other-algorithm", "encrypts", "broken", "symmetric", "undefined", "7"]) {
			expect([kid, await find(set, kid)]).toEqual([kid, "no"]);
		}
		expect(await find(set, "two")).toBe("yes");
	});
});

test("a token is taken by the old and by the new key of a rotation, and by none that is gone", async () => {
	const issuers = readIssuers([{ issuer: "https://login.example.com", algorithm: "ES256", url }], ports);
	if (!issuers.ok) throw new Error(issuers.fault.message);
	const signers = { keys: new Map(), issuers: issuers.value };
	const verify = async (kid: string, pair: typeof one) => {
		const seconds = now / 1_000;
		const claims = { iss: "https://login.example.com", sub: "ada", iat: seconds, exp: seconds + 60, caps: [] };
		const read = await verifyToken(signWithKey({ alg: "ES256", kid }, claims, pair.privateKey), signers, now);
		return read.ok ? "taken" : read.fault.code;
	};
	expect(await verify("one", one)).toBe("taken");
	answer = has({ one, two });
	now += 31_000;
	expect(await verify("two", two)).toBe("taken");
	expect(await verify("one", one)).toBe("taken");
	expect(await verify("one", two)).toBe("unauthorized");
	answer = has({ two });
	now += 601_000;
	expect(await verify("one", one)).toBe("unauthorized");
	expect(await verify("two", two)).toBe("taken");
});

test.each([
	[{ issuer: "", algorithm: "RS256", keys: [] }, /issuers\[0\]: issuer is missing/],
	[{ issuer: "x", algorithm: "HS256", keys: [] }, /algorithm is RS256, ES256 or EdDSA/],
	[{ issuer: "x", algorithm: "RS256" }, /give url, keys or both/],
	[{ issuer: "x", algorithm: "RS256", url: "http://login.example.com/keys" }, /url is https/],
	[{ issuer: "x", algorithm: "RS256", url: "https://e.com", capabilities: [{ allow: ["x"], on: "" }] }, /Capability 0/],
])("an issuer such as %j is a mistake that is named", (config, sentence) => {
	expect(readIssuers([config as never], ports)).toMatchObject({
		fault: { code: "not_configured", message: expect.stringMatching(sentence) },
	});
});
