import { createHmac, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readIssuers } from "../../../worker/auth/issuers.ts";
import { readKeys } from "../../../worker/auth/keys.ts";
import { type Signers, verifyToken } from "../../../worker/auth/verify.ts";
import type { IssuerConfig } from "../../../worker/config.ts";
import {
	encode,
	hmac,
	otherSecret,
	publicJwk,
	signTexts,
	signToken,
	signWithKey,
	testSecret,
} from "../../helpers/signing.ts";

// Of no server.
const ciSecret = "1b9f6c3e8a2d7054f1c9e36b8d40a7f25e3c8b1d9067fa42c5e8b3d71f60a924";
const now = 1_800_000_000_000;
const iat = now / 1_000;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const small = generateKeyPairSync("rsa", { modulusLength: 1024 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const caps = [{ allow: ["subscribe"], on: "s/channels/**" }];
const good = { sub: "ada", iat, exp: iat + 600, caps };

const issuerConfigs: readonly IssuerConfig[] = [
	{
		issuer: "https://rsa.example",
		audience: "aerogram",
		algorithm: "RS256",
		keys: [publicJwk(rsa.publicKey, { kid: "r1" }), publicJwk(small.publicKey, { kid: "small" })],
	},
	{ issuer: "https://ec.example", algorithm: "ES256", keys: [publicJwk(ec.publicKey, { kid: "e1" })] },
	{
		issuer: "https://ed.example",
		algorithm: "EdDSA",
		keys: [publicJwk(ed.publicKey, { kid: "d1" }), publicJwk(ed.publicKey, { kid: "encrypts", use: "enc" })],
		capabilities: [{ allow: ["subscribe", "publish"], on: "s/channels/**" }],
	},
];

const signers = await makeSigners();

async function makeSigners(): Promise<Signers> {
	const keys = await readKeys(`main:${testSecret} next:${otherSecret} ci:${ciSecret}`, {
		ci: { capabilities: [{ allow: ["publish"], on: "builds/channels/**" }] },
	});
	const ports = { fetch, now: Date.now, patience: 100, sleep: async () => {} };
	const issuers = readIssuers(issuerConfigs, ports);
	if (!keys.ok) throw new Error(keys.fault.message);
	if (!issuers.ok) throw new Error(issuers.fault.message);
	return { keys: keys.value, issuers: issuers.value };
}

function token(claims: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}): string {
	return signToken({ header, claims: { ...good, ...claims } });
}

const [head = "", body = "", signature = ""] = token().split(".");
const goodHeader = '{"alg":"HS256","kid":"main"}';
const goodClaims = JSON.stringify(good);
const rsaHeader = { alg: "RS256", kid: "r1" };
const rsaClaims = { ...good, iss: "https://rsa.example", aud: "aerogram" };
const rsaPem = rsa.publicKey.export({ type: "spki", format: "pem" });

/** The last character of a segment, changed in bits that base64url does not count. */
function loosen(segment: string): string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	return segment.slice(0, -1) + alphabet[alphabet.indexOf(segment.at(-1) ?? "") ^ 1];
}

describe("a token is refused", () => {
	const bad: readonly (readonly [string, string])[] = [
		["that is empty", ""],
		["of one part", "x"],
		["of two parts", `${head}.${body}`],
		["of four parts", `${token()}.x`],
		["of five parts, as one that is encrypted", `${token()}.x.y`],
		["without a signature", `${head}.${body}.`],
		["without claims", `${head}..${signature}`],
		["of dots", ".."],
		["alg none, without a signature", `${encode('{"alg":"none","kid":"main"}')}.${body}.`],
		["alg none, with one", signTexts('{"alg":"none","kid":"main"}', goodClaims)],
		["alg NONE", signTexts('{"alg":"NONE","kid":"main"}', goodClaims)],
		["no alg", signTexts('{"kid":"main"}', goodClaims)],
		["alg as a list", signTexts('{"alg":["HS256"],"kid":"main"}', goodClaims)],
		["alg hs256", signTexts('{"alg":"hs256","kid":"main"}', goodClaims)],
		["alg HS512, signed so", withHash("sha512", "HS512")],
		["alg RS256 with the id of a key", signWithKey({ alg: "RS256", kid: "main" }, rsaClaims, rsa.privateKey)],
		["HS256 by the public key of an issuer", withSecret({ alg: "HS256", kid: "r1" }, rsaClaims, `${rsaPem}`)],
		["HS256 by the modulus of an issuer", withSecret({ alg: "HS256", kid: "r1" }, rsaClaims, `${rsaJwk().n}`)],
		["RS256 header, HS256 by the public key", withSecret(rsaHeader, rsaClaims, `${rsaPem}`)],
		["by a small RSA key", signWithKey({ alg: "RS256", kid: "small" }, rsaClaims, small.privateKey)],
		["by another key than kid says", signToken({ claims: good, secret: otherSecret })],
		["by a key of another issuer", signWithKey({ alg: "ES256", kid: "e1" }, rsaClaims, ec.privateKey)],
		["by a key for encryption", edToken({}, { kid: "encrypts" })],
		["for somebody else", signWithKey(rsaHeader, { ...rsaClaims, aud: "other" }, rsa.privateKey)],
		["for somebody else, in a list", signWithKey(rsaHeader, { ...rsaClaims, aud: ["other"] }, rsa.privateKey)],
		[
			"of an issuer nobody knows",
			signWithKey(rsaHeader, { ...rsaClaims, iss: "https://evil.example" }, rsa.privateKey),
		],
		["no kid", token({}, { kid: undefined })],
		["kid unknown", token({}, { kid: "other" })],
		["kid __proto__", signTexts('{"alg":"HS256","kid":"__proto__"}', goodClaims, "")],
		["kid constructor", token({}, { kid: "constructor" })],
		["kid as a path", token({}, { kid: "../../dev/null" })],
		["kid as a number", token({}, { kid: 1 })],
		["crit", token({}, { crit: ["exp"] })],
		["b64", token({}, { b64: false, crit: ["b64"] })],
		["jku", token({}, { jku: "https://evil.example/jwks.json" })],
		["x5u", token({}, { x5u: "https://evil.example/cert.pem" })],
		["x5c", token({}, { x5c: ["MIIB"] })],
		["jwk", token({}, { jwk: publicJwk(rsa.publicKey, {}) })],
		["zip", token({}, { zip: "DEF" })],
		["typ of something else", token({}, { typ: "secevent+jwt" })],
		["a loose signature", `${head}.${body}.${loosen(signature)}`],
		["a loose header", looselySigned(0)],
		["loose claims", looselySigned(1)],
		["a padded signature", `${token()}=`],
		["white space around", ` ${token()}`],
		["a line break inside", `${head}.${body}.\n${signature}`],
		["base64 in place of base64url", `${head}.${body}.${signature.slice(0, -2)}+/`],
		["a changed signature", `${head}.${body}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`],
		["claims of another token", `${head}.${encode(JSON.stringify({ ...good, sub: "eve" }))}.${signature}`],
		["a header that is no JSON", signTexts("{", goodClaims)],
		["a header that is a list", signTexts("[]", goodClaims)],
		["a header with a byte order mark", signTexts(`\uFEFF${goodHeader}`, goodClaims)],
		["claims that are no JSON", signTexts(goodHeader, "x")],
		["claims that are null", signTexts(goodHeader, "null")],
		["claims that are not UTF-8", notUtf8()],
		["claims that are nested deeply", signTexts(goodHeader, `{"a":${"[".repeat(99)}${"]".repeat(99)}}`)],
		["alg twice", signTexts('{"alg":"none","alg":"HS256","kid":"main"}', goodClaims)],
		["sub twice", signTexts(goodHeader, `{"sub":"eve",${goodClaims.slice(1)}`)],
		["sub twice, once escaped", signTexts(goodHeader, `{"\\u0073ub":"eve",${goodClaims.slice(1)}`)],
		["allow twice, deep inside", signTexts(goodHeader, goodClaims.replace('{"allow"', '{"allow":["admin"],"allow"'))],
		["of more characters than one may have", token({ pad: "x".repeat(8_192) })],
		["no sub", token({ sub: undefined })],
		["an empty sub", token({ sub: "" })],
		["sub as a number", token({ sub: 7 })],
		["sub with a line break", token({ sub: "ada\nkey:main" })],
		["a sub that is too long", token({ sub: "a".repeat(256) })],
		["sub anonymous", token({ sub: "anonymous" })],
		["sub tcp", token({ sub: "tcp" })],
		["sub of a key", token({ sub: "key:main" })],
		["no exp", token({ exp: undefined })],
		["exp as a text", token({ exp: `${iat + 600}` })],
		["exp without an end", signTexts(goodHeader, goodClaims.replace(/"exp":\d+/, '"exp":1e999'))],
		["exp in milliseconds", token({ exp: now + 600_000 })],
		["exp below zero", token({ exp: -1 })],
		["a life of more than a day", token({ exp: iat + 86_401 })],
		["a life of more than a day, begun before", token({ iat: iat - 86_000, exp: iat + 401 })],
		["a life of more than a day, not saying when it began", token({ iat: undefined, exp: iat + 86_431 })],
		["issued tomorrow", token({ iat: iat + 31 })],
		["iat as a text", token({ iat: "now" })],
		["nbf that has not come", token({ nbf: iat + 31 })],
		["nbf as a list", token({ nbf: [] })],
		["jti as a number", token({ jti: 1 })],
		["jti that is too long", token({ jti: "x".repeat(129) })],
		["no caps", token({ caps: undefined })],
		["caps as a text", token({ caps: "all" })],
		["caps with an unknown operation", token({ caps: [{ allow: ["root"], on: "s/channels/**" }] })],
		["caps that deny", token({ caps: [{ deny: ["publish"], on: "s/channels/**" }] })],
		["caps without a place", token({ caps: [{ allow: ["publish"] }] })],
		["more than its key may give", signToken({ header: { kid: "ci" }, claims: good, secret: ciSecret })],
		["more than its issuer may give", edToken({ caps: [{ allow: ["admin"], on: "s/channels/**" }] })],
	];

	test.each(bad)("%s", async (_, text) => {
		expect(await verifyToken(text, signers, now)).toMatchObject({ ok: false, fault: { code: "unauthorized" } });
	});

	test("so that of all those by hand none is taken", async () => {
		const taken = await Promise.all(bad.map(async ([, text]) => (await verifyToken(text, signers, now)).ok));
		console.log(`bad tokens made by hand: ${bad.length}, taken: ${taken.filter(Boolean).length}`);
		expect(bad.length).toBeGreaterThanOrEqual(40);
		expect(taken).not.toContain(true);
	});
});

describe("a token is taken", () => {
	test("that a key signed, either of two while they change", async () => {
		expect(await verifyToken(token({ jti: "t1" }), signers, now)).toEqual({
			ok: true,
			value: {
				principal: "ada",
				capabilities: caps,
				ends: now + 600_000,
				issued: now,
				token: "t1",
				key: "main",
			},
		});
		const next = signToken({ header: { kid: "next" }, claims: good, secret: otherSecret });
		expect(await verifyToken(next, signers, now)).toMatchObject({ value: { key: "next" } });
	});

	test("that a key of few rights signed, within them", async () => {
		const claims = { ...good, caps: [{ allow: ["publish"], on: "builds/channels/main" }] };
		const text = signToken({ header: { kid: "ci" }, claims, secret: ciSecret });
		expect(await verifyToken(text, signers, now)).toMatchObject({ value: { key: "ci" } });
	});

	test("that an issuer signed by RS256, ES256 or EdDSA", async () => {
		const tokens = [
			signWithKey({ ...rsaHeader, typ: "at+jwt" }, { ...rsaClaims, aud: ["x", "aerogram"] }, rsa.privateKey),
			signWithKey({ alg: "ES256", kid: "e1" }, { ...good, iss: "https://ec.example" }, ec.privateKey),
			edToken({}),
		];
		for (const text of tokens)
			expect(await verifyToken(text, signers, now)).toMatchObject({ value: { principal: "ada" } });
	});

	test("without caps may do what its issuer's tokens may, where that is said", async () => {
		expect(await verifyToken(edToken({ caps: undefined }), signers, now)).toMatchObject({
			value: { capabilities: issuerConfigs[2]?.capabilities },
		});
	});

	test("until 30 s after its end, and not at 31 s; and from 30 s before its beginning", async () => {
		const text = token({ nbf: iat, exp: iat + 600 });
		const at = async (seconds: number) => {
			const read = await verifyToken(text, signers, now + seconds * 1_000);
			return read.ok ? "taken" : read.fault.code;
		};
		expect(await at(600)).toBe("taken");
		expect(await at(630)).toBe("taken");
		expect(await at(630.001)).toBe("token_expired");
		expect(await at(631)).toBe("token_expired");
		expect(await at(-30)).toBe("taken");
		expect(await at(-31)).toBe("unauthorized");
	});
});

function rsaJwk() {
	return publicJwk(rsa.publicKey, {});
}

function edToken(claims: Readonly<Record<string, unknown>>, header: Readonly<Record<string, unknown>> = {}): string {
	const said = { ...good, iss: "https://ed.example", ...claims };
	return signWithKey({ alg: "EdDSA", kid: "d1", ...header }, said, ed.privateKey);
}

function withSecret(header: object, claims: object, secret: string): string {
	return signTexts(JSON.stringify(header), JSON.stringify(claims), secret);
}

function withHash(hash: string, alg: string): string {
	const signed = `${encode(JSON.stringify({ alg, kid: "main" }))}.${encode(goodClaims)}`;
	return `${signed}.${createHmac(hash, testSecret).update(signed).digest("base64url")}`;
}

/** A token whose header or claims end in bits that do not count, signed as they stand. */
function looselySigned(part: 0 | 1): string {
	// Of so many bytes that the last character has bits left over.
	const texts = [goodHeader, goodClaims].map((text) => `${text}${" ".repeat(3 - (text.length % 3) + 1)}`);
	const segments = texts.map((text, index) => (index === part ? loosen(encode(text)) : encode(text)));
	return `${segments.join(".")}.${hmac(segments.join("."), testSecret)}`;
}

function notUtf8(): string {
	const signed = `${encode(goodHeader)}.${encode(Buffer.from(goodClaims.replace("ada", "\xff\xfe"), "latin1"))}`;
	return `${signed}.${hmac(signed, testSecret)}`;
}
