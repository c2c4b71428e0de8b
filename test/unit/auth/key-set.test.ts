import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { issuerKeyLimits } from "../../../protocol/auth-limits.ts";
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

	test("are fetched from where it was said, and from nowhere that a redirect leads to", async () => {
		let reached = 0;
		const inside = createServer((request, response) => {
			reached += 1;
			has({ one })(request, response);
		});
		await new Promise<void>((resolve) => inside.listen(0, "127.0.0.1", resolve));
		onTestFinished(() => void inside.close());
		const { port } = inside.address() as AddressInfo;
		const places = [`http://127.0.0.1:${port}/`, `http://2130706433:${port}/`, `http://[::ffff:127.0.0.1]:${port}/`];
		for (const status of [301, 302, 303, 307, 308]) {
			for (const location of places) {
				answer = (_, response) => response.writeHead(status, { location }).end();
				expect([status, location, await find(makeSet(), "one")]).toEqual([status, location, "keys_unavailable"]);
			}
		}
		expect([asked, reached]).toEqual([15, 0]);
	});

	test("may be so large and no larger, whatever is said of their size", async () => {
		const padTo = (bytes: number) =>
			`{"keys":[${JSON.stringify(publicJwk(one.publicKey, { kid: "one" }))}]`.padEnd(bytes);
		for (const [bytes, found] of [
			[issuerKeyLimits.setBytes, "yes"],
			[issuerKeyLimits.setBytes + 1, "keys_unavailable"],
		] as const) {
			// Without a length in advance: what comes is counted.
			answer = (_, response) => {
				response.write(padTo(bytes - 1));
				response.end("}");
			};
			expect([bytes, await find(makeSet(), "one")]).toEqual([bytes, found]);
		}
		const ended = Promise.withResolvers<void>();
		answer = (_, response) => {
			response.on("close", ended.resolve);
			const more = () => {
				while (!response.destroyed && response.write("x".repeat(65_536))) {}
			};
			response.on("drain", more);
			more();
		};
		expect(await find(makeSet(), "one")).toBe("keys_unavailable");
		// The rest is not read either.
		await ended.promise;
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
	[{ issuer: "x", algorithm: "RS256", url: "https://e.com", capabilities: [{ allow: ["x"], on: "" }] }, /Capability 0/],
])("an issuer such as %j is a mistake that is named", (config, sentence) => {
	expect(readIssuers([config as never], ports)).toMatchObject({
		fault: { code: "not_configured", message: expect.stringMatching(sentence) },
	});
});

/** Whether keys of an issuer may be fetched from a URL. */
function isTaken(url: string): boolean {
	const read = readIssuers([{ issuer: "x", algorithm: "RS256", url }], ports);
	if (!read.ok) expect(read.fault.message).toMatch(/issuers\[0\]: url is https/);
	return read.ok;
}

test.each([
	"https://login.example.com/.well-known/jwks.json",
	"https://LOGIN.example.com:8443/keys?v=1",
	"https://1.example.com",
	"http://localhost:8080/keys",
	"http://127.0.0.1/keys",
	"http://[::1]:8080/keys",
])("keys are fetched from %s", (url) => {
	expect(isTaken(url)).toBe(true);
});

test.each([
	// In the clear, elsewhere than on this machine.
	...[
		"http://login.example.com/keys",
		"http://login.example.com:443/",
		"http:login.example.com",
		"HTTP:\\\\10.0.0.1\\",
	],
	...["http://169.254.169.254/latest/meta-data", "http://metadata.google.internal/", "http://[::ffff:10.0.0.1]/"],
	...["http://localhost.example.com/", "http://127.0.0.1.example.com/", "http://0/", "http://[::]/"],
	// Names that stand before the name.
	...["http://localhost@login.example.com/", "http://login.example.com\\@localhost/", "http://127.0.0.1:80@10.0.0.1/"],
	...["https://user:secret@login.example.com/", "https://login.example.com@169.254.169.254/", "https://:a@e.com"],
	// Addresses, however they are written.
	...["https://169.254.169.254/", "https://10.0.0.1/keys", "https://127.0.0.1:8443/", "https://127.0.0.1./"],
	...["https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/"],
	...["https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://%31%32%37.0.0.1/", "https://0/"],
	...[
		"https://[::1]/",
		"https://[::ffff:127.0.0.1]/",
		"https://[::ffff:a9fe:a9fe]/",
		"https://[fd00::1]/",
		"https://[64:ff9b::7f00:1]/",
	],
	// What is no web.
	...[
		"file:///etc/passwd",
		'data:application/json,{"keys":[]}',
		"ftp://login.example.com/",
		"ws://localhost/",
		"blob:x",
	],
	...["//login.example.com/keys", "/keys", "login.example.com/keys", "localhost:8080", "https://", ""],
])("keys are never fetched from %s", (url) => {
	expect(isTaken(url)).toBe(false);
});
