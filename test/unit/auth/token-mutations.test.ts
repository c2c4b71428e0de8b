import { expect, test } from "vitest";
import { readKeys } from "../../../worker/auth/keys.ts";
import { verifyToken } from "../../../worker/auth/verify.ts";
import { Random } from "../../helpers/random.ts";
import { encode, otherSecret, signTexts, signToken, testSecret } from "../../helpers/signing.ts";

const now = 1_800_000_000_000;
const iat = now / 1_000;
const rounds = 20_000;
const random = new Random(20_261_126);

type Members = Record<string, unknown>;

/** One of some values, of which one may be undefined. */
function anyOf(values: readonly unknown[]): unknown {
	return values[random.below(values.length)];
}

function validParts(): { header: Members; claims: Members } {
	const ttl = 1 + random.below(86_400);
	return {
		header: { alg: "HS256", typ: "JWT", kid: "main" },
		claims: {
			sub: `user:${random.below(1e6)}`,
			iat,
			exp: iat + ttl,
			jti: `t${random.below(1e9)}`,
			caps: [{ allow: [random.pick(["publish", "subscribe", "read"])], on: `s${random.below(99)}/*/**` }],
		},
	};
}

/** Header members that no token may have, and values that its own may not have. */
const badHeader: readonly (() => Members)[] = [
	() => ({ alg: anyOf(["none", "None", "HS384", "HS512", "RS256", "ES256", "EdDSA", "", null, 5, ["HS256"]]) }),
	() => ({
		kid: anyOf(["", "other", "MAIN", "main ", "__proto__", "constructor", 7, null, ["main"], undefined]),
	}),
	() => ({
		[random.pick(["crit", "jku", "x5u", "x5c", "jwk", "b64", "zip", "enc"])]: anyOf([[], {}, "", true, null]),
	}),
	() => ({ typ: anyOf(["JWE", "", 1, null, [], "dpop+jwt"]) }),
];

const badClaims: readonly (() => Members)[] = [
	() => ({
		sub: anyOf([undefined, "", 1, null, {}, "tcp", "anonymous", "key:main", "a b", "ü", "a\u0000", "x".repeat(256)]),
	}),
	() => ({ exp: anyOf([undefined, null, `${iat}`, -1, iat - 31, iat + 86_401, iat * 1_000, [], true]) }),
	() => ({ iat: anyOf([null, "0", iat + 31, iat - 90_000, [], -5]) }),
	() => ({ nbf: anyOf([null, "0", iat + 31, iat * 1_000, {}]) }),
	() => ({ jti: anyOf([null, 1, "", "a b", [], "x".repeat(129)]) }),
	() => ({
		caps: anyOf([undefined, null, {}, "x", [1], [{}], [{ allow: [], on: "s/*/**" }], [{ allow: ["x"], on: "s/*/**" }]]),
	}),
	() => ({
		caps: [{ allow: ["publish"], on: anyOf(["", "s", "s/channels", "s/x/y", "s/channels/a/b", "**a/channels/b"]) }],
	}),
];

const mutations: Readonly<Record<string, () => string>> = {
	"a character changed": () => {
		const text = signToken(validParts());
		const at = random.below(text.length);
		const other = random.pick([..."ABCXYZabcxyz0189-_.+/= \n%é"].filter((character) => character !== text[at]));
		return text.slice(0, at) + other + text.slice(at + 1);
	},
	"cut short, or grown": () => {
		const text = signToken(validParts());
		return random.below(2) === 0
			? text.slice(0, random.below(text.length))
			: text + random.pick(["A", ".", "=", ".A", " "]);
	},
	"parts of two tokens": () => {
		const one = signToken(validParts()).split(".");
		const other = signToken(validParts()).split(".");
		// The headers are alike, so that what is mixed is claims and signature.
		return [one[0], one[1], other[2]].join(".");
	},
	"parts in another order": () => {
		const [header, claims, signature] = signToken(validParts()).split(".");
		return random
			.pick([
				[claims, header, signature],
				[signature, claims, header],
				[header, header, signature],
			])
			.join(".");
	},
	"claims changed and not signed again": () => {
		const parts = validParts();
		const [header, , signature] = signToken(parts).split(".");
		return [header, encode(JSON.stringify({ ...parts.claims, sub: "eve" })), signature].join(".");
	},
	"header changed and not signed again": () => {
		const parts = validParts();
		const [, claims, signature] = signToken(parts).split(".");
		return [encode(JSON.stringify({ ...parts.header, ...random.pick(badHeader)() })), claims, signature].join(".");
	},
	"signed with another secret": () =>
		signToken({ ...validParts(), secret: random.pick([otherSecret, "", "main", "null"]) }),
	"a bad header, signed well": () => {
		const { header, claims } = validParts();
		return signToken({ header: { ...header, ...random.pick(badHeader)() }, claims });
	},
	"bad claims, signed well": () => {
		const { header, claims } = validParts();
		return signToken({ header, claims: { ...claims, ...random.pick(badClaims)() } });
	},
	"a member twice, signed well": () => {
		const { header, claims } = validParts();
		const [part, other] = [claims, header].map((each) => JSON.stringify(each)) as [string, string];
		const name = random.pick(Object.keys(claims));
		const twice = `{${JSON.stringify(name)}:${JSON.stringify(claims[name])},${part.slice(1)}`;
		return random.below(4) > 0 ? signTexts(other, twice) : signTexts(`{"alg":"HS256",${other.slice(1)}`, part);
	},
	"broken JSON, signed well": () => {
		const texts = Object.values(validParts()).map((part) => JSON.stringify(part));
		const broken = random.below(2);
		const [header = "", claims = ""] = texts.map((text, index) =>
			index === broken ? text.slice(0, random.below(text.length)) + random.pick(["", ",", "]", "\u0001"]) : text,
		);
		return signTexts(header, claims);
	},
};

test(`of ${rounds.toLocaleString("en-US")} tokens changed by a knowing hand none is taken, and every valid one among them is`, async () => {
	const keys = await readKeys(`main:${testSecret}`);
	if (!keys.ok) throw new Error(keys.fault.message);
	const signers = { keys: keys.value, issuers: [] };
	const kinds = Object.keys(mutations);
	const tried = new Map<string, number>();
	const wronglyTaken: string[] = [];
	let valid = 0;
	for (let round = 0; round < rounds; round++) {
		// Every hundredth of all is as it should be.
		if (round % 99 === 0) {
			expect(await verifyToken(signToken(validParts()), signers, now)).toMatchObject({ ok: true });
			valid += 1;
		}
		const kind = random.pick(kinds);
		const text = mutations[kind]?.() ?? "";
		tried.set(kind, (tried.get(kind) ?? 0) + 1);
		const read = await verifyToken(text, signers, now);
		if (read.ok) wronglyTaken.push(`${kind}: ${text}`);
		else expect(["unauthorized", "token_expired"]).toContain(read.fault.code);
	}
	console.log(
		`${valid} valid, all taken; changed and refused: ${[...tried].map(([kind, count]) => `${count} ${kind}`).join(", ")}`,
	);
	expect(wronglyTaken).toEqual([]);
	expect(Object.getOwnPropertyNames(Object.prototype).length).toBe(12);
});
