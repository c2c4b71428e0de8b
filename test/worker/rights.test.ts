import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { type Capability, operations } from "../../protocol/capabilities.ts";
import type { Json } from "../../protocol/envelopes.ts";
import type { Identity } from "../../protocol/identity.ts";
import { durations } from "../../protocol/limits.ts";
import { upgradeHeaders } from "../../worker/space/upgrade.ts";
import { evict, freshSpace, publish } from "./space.ts";
import { WireClient } from "./wire-client.ts";

type Stub = ReturnType<typeof freshSpace>["stub"];

const on = "**/*/**";
const all: readonly Capability[] = [{ allow: operations, on }];

/** How durations are scaled in this project. */
const scale = 0.01;
const leeway = durations.leeway * scale;
const window = durations.resumeWindow * scale;

/** Everything but some operations. */
function allBut(...without: readonly string[]): readonly Capability[] {
	return [{ allow: operations.filter((operation) => !without.includes(operation)), on }];
}

/** Connects as somebody, or as nobody yet, and takes the `welcome` of who is known. */
async function connect(stub: Stub, identity: Identity | undefined, client = "tester"): Promise<WireClient> {
	const headers = upgradeHeaders(identity);
	const { webSocket } = await stub.fetch(`https://space/?client=${client}`, { headers });
	if (!webSocket) throw new Error("no socket");
	const connected = new WireClient(webSocket);
	// A member that gives no sign of life for less than half a second here would be taken off.
	const life = setInterval(() => connected.closed === undefined && connected.socket.send("ping"), 50);
	onTestFinished(() => clearInterval(life));
	if (identity) await connected.next("welcome");
	else await connected.until(() => told(connected, "welcome").length > 0, "the first envelope");
	return connected;
}

function ada(capabilities = all, ends?: number): Identity {
	return { principal: "ada", capabilities, ...(ends !== undefined && { ends }) };
}

/** A token of the one key that this server has; `seconds` is how long it lives. */
function tokenOf(caps: readonly Capability[], sub = "ada", seconds = 600): Promise<string> {
	const [id = "", secret = ""] = (env.AEROGRAM_KEYS ?? "").split(":");
	return new SignJWT({ caps: [...caps] })
		.setProtectedHeader({ alg: "HS256", kid: id })
		.setSubject(sub)
		.setExpirationTime(Math.floor(Date.now() / 1_000) + seconds)
		.sign(new TextEncoder().encode(secret));
}

/** The envelopes of a type that came, as they stand in the frames. */
function told(client: WireClient, type: string): readonly { readonly [key: string]: Json }[] {
	return client.frames
		.filter((frame) => frame !== "pong")
		.flatMap((frame) => JSON.parse(frame) as { readonly t: string })
		.filter(({ t }) => t === type) as never;
}

function sleep(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

test("each envelope needs its own right, before and after the object slept", async () => {
	const { name, stub } = freshSpace();
	const envelopes: readonly [operation: string, envelope: { readonly [key: string]: Json }, on: string][] = [
		["publish", { t: "pub", ch: "chat", data: 1 }, "channels/chat"],
		["publish", { t: "pub", ch: "chat", n: 0, data: 1 }, "channels/chat"],
		["publish", { t: "pub", ch: "chat", ephemeral: true, data: 1 }, "channels/chat"],
		["subscribe", { t: "sub", ch: "chat" }, "channels/chat"],
		["presence", { t: "enter", ch: "chat", data: 1 }, "channels/chat"],
		["presence", { t: "update", ch: "chat", data: 1 }, "channels/chat"],
		["occupants", { t: "watch", ch: "chat", of: "members" }, "channels/chat"],
		["occupants", { t: "watch", ch: "chat", of: "occupancy" }, "channels/chat"],
		["read", { t: "watch", col: "carts" }, "collections/carts"],
		["serve", { t: "serve", svc: "resize", concurrency: 1 }, "services/resize"],
		["call", { t: "call", svc: "resize", id: "one", data: 1 }, "services/resize"],
		["call", { t: "call", id: "two" }, "services/resize"],
		["call", { t: "cancel", id: "two" }, "services/resize"],
		["serve", { t: "nack", id: "two", attempt: 1 }, "services/resize"],
		["serve", { t: "reply", id: "two", attempt: 1, data: 1 }, "services/resize"],
	];
	const may = await connect(stub, ada(), "may");
	await may.ask({ t: "call", ref: 1, svc: "resize", id: "two", data: 1, timeout: 60_000 });
	for (const [index, [operation, envelope, place]] of envelopes.entries()) {
		const lacking = await connect(stub, ada(allBut(operation)), "lacking");
		await evict(stub);
		const refused = await lacking.ask({ ...envelope, ref: index + 1 });
		expect([operation, refused]).toMatchObject([
			operation,
			{ type: "error", code: "forbidden", message: `This needs ${operation} on ${name}/${place}.` },
		]);
	}
	for (const [index, [operation, envelope]] of envelopes.entries()) {
		await evict(stub);
		const only = await connect(stub, ada([{ allow: [operation as never], on }]), "only");
		const answer = await only.ask({ ...envelope, ref: index + 1 });
		expect([envelope, "code" in answer ? answer.code : ""]).not.toEqual([envelope, "forbidden"]);
	}
	expect(await stub.history({ channel: "chat", limit: 10, order: "asc" })).toMatchObject({ head: 2 });
	console.log(`${envelopes.length} envelopes, each refused without its right and taken with no other`);
});

test("who may only subscribe gets what is young, from no position what is old, and not by credit either", async () => {
	const { stub } = freshSpace();
	await publish(stub, "chat", 1, 2);
	await sleep(window + 50);
	const listener = await connect(stub, ada(allBut("history")), "listener");
	const reader = await connect(stub, ada(), "reader");
	for (const at of ["start", { last: 5 }, { since: 0 }]) {
		await evict(stub);
		expect(await listener.ask({ t: "sub", ref: 1, ch: "chat", at })).toMatchObject({
			type: "reset",
			reason: "forbidden",
		});
	}
	const live = await listener.ask({ t: "sub", ref: 2, ch: "chat", at: "live" });
	const { epoch } = live as { readonly epoch: string };
	expect(live).toMatchObject({ type: "subscribed", after: 2 });
	await evict(stub);
	await publish(stub, "chat", 3);
	expect((await listener.messages(1)).map(({ seq }) => seq)).toEqual([3]);
	// Woken from sleep, the space learns from credit how far a socket is: it may say too little.
	await evict(stub);
	listener.send({ t: "credit", ch: "chat", seq: 0 });
	await listener.ask({ t: "unsub", ref: 3, ch: "nothing" });
	const seen = () => told(listener, "msg").flatMap(({ e }) => (e as { readonly seq: number }[]).map(({ seq }) => seq));
	expect(seen()).not.toContain(1);
	const again = await connect(stub, ada(allBut("history")), "listener");
	expect(await again.ask({ t: "sub", ref: 1, ch: "chat", at: { epoch, seq: 2 } })).toMatchObject({ recovered: true });
	expect((await again.messages(1)).map(({ seq }) => seq)).toEqual([3]);
	await evict(stub);
	const old = { t: "sub", ref: 2, ch: "chat", at: { epoch, seq: 1 } };
	expect(await again.ask(old)).toMatchObject({ type: "reset", reason: "forbidden", head: 3 });
	expect(await reader.ask(old)).toMatchObject({ type: "subscribed", after: 1, recovered: true });
	expect(await stub.history({ channel: "chat", limit: 10, order: "asc", window })).toMatchObject({ code: "forbidden" });
});

test("fewer rights end at once what they covered, whatever slept in between, and nothing else", async () => {
	const { stub } = freshSpace();
	const client = await connect(stub, ada());
	const witness = await connect(stub, ada(), "witness");
	await witness.ask({ t: "watch", ref: 1, ch: "chat", of: "members" });
	const asked: readonly { readonly [key: string]: Json }[] = [
		{ t: "sub", ch: "chat" },
		{ t: "sub", ch: "kept" },
		{ t: "enter", ch: "chat", data: 1 },
		{ t: "watch", ch: "chat", of: "members" },
		{ t: "watch", ch: "chat", of: "occupancy" },
		{ t: "watch", col: "carts", prefix: "eu" },
		{ t: "serve", svc: "resize", concurrency: 1 },
	];
	for (const [index, envelope] of asked.entries()) {
		expect(await client.ask({ ...envelope, ref: index + 1 })).not.toMatchObject({ type: "error" });
		await evict(stub);
	}
	await witness.ask({ t: "call", ref: 2, svc: "resize", id: "job", data: 1, timeout: 60_000 });
	await client.until(() => told(client, "call").length > 0, "the call");
	await evict(stub);
	const token = await tokenOf([{ allow: ["subscribe"], on: "**/channels/kept" }]);
	expect(await client.ask({ t: "auth", ref: 20, token })).toMatchObject({
		type: "done",
		says: { endsIn: expect.any(Number) },
	});
	await client.until(() => told(client, "reset").length === 6, "six resets");
	expect(told(client, "reset").map(({ epoch: _, floor: __, head: ___, ...what }) => what)).toEqual([
		{ t: "reset", ch: "chat", reason: "forbidden" },
		{ t: "reset", ch: "chat", of: "members", reason: "forbidden" },
		{ t: "reset", ch: "chat", of: "occupancy", reason: "forbidden" },
		{ t: "reset", col: "carts", prefix: "eu", reason: "forbidden" },
		{ t: "reset", ch: "chat", of: "membership", reason: "forbidden" },
		{ t: "reset", svc: "resize", reason: "forbidden" },
	]);
	expect(told(client, "call").at(-1)).toMatchObject({ id: "job", cancelled: true });
	await witness.until(() => told(witness, "pres").some(({ e }) => JSON.stringify(e).includes("leave")), "the leave");
	// The call that was taken from it goes to the next server.
	await witness.ask({ t: "serve", ref: 3, svc: "resize", concurrency: 1 });
	await witness.until(() => told(witness, "call").length > 0, "the call, again");
	expect(told(witness, "call")[0]).toMatchObject({ id: "job", attempt: 2 });
	await evict(stub);
	await publish(stub, "chat", 1);
	await publish(stub, "kept", 2);
	await client.messages(1);
	expect(told(client, "msg").map(({ ch }) => ch)).toEqual(["kept"]);
});

test("what is stored is answered so before the right to store it is asked for", async () => {
	const { stub } = freshSpace();
	const client = await connect(stub, ada());
	const first = { t: "pub", ref: 1, ch: "chat", n: 0, data: "once" };
	expect(await client.ask(first)).toMatchObject({ type: "published", seq: 1, duplicate: false });
	await client.ask({ t: "auth", ref: 2, token: await tokenOf(allBut("publish", "call")) });
	await evict(stub);
	expect(await client.ask({ ...first, ref: 3 })).toMatchObject({ type: "published", seq: 1, duplicate: true });
	expect(await client.ask({ ...first, ref: 4, n: 1, prev: 0 })).toMatchObject({ code: "forbidden" });
	// It is as if it had never been said: the same number is free for when it may be.
	await client.ask({ t: "auth", ref: 5, token: await tokenOf(all) });
	expect(await client.ask({ ...first, ref: 6, n: 1, prev: 0 })).toMatchObject({ type: "published", seq: 2 });
	const refused = { code: "forbidden", message: "no" } as const;
	const request = { principal: "ada", channel: "chat", drafts: [{ data: 1 }], idempotency: { key: "k", hash: "h" } };
	expect(await stub.publish({ ...request, refused })).toMatchObject({ ok: false, code: "forbidden" });
	expect(await stub.publish(request)).toMatchObject({ ok: true, duplicate: false });
	expect(await stub.publish({ ...request, refused })).toMatchObject({ ok: true, duplicate: true });
});

test("nobody speaks for another: from, members, numbers and clients belong to the principal", async () => {
	const { stub } = freshSpace();
	const own = await connect(stub, ada(), "shared");
	const eve = await connect(stub, { principal: "eve", capabilities: all }, "shared");
	// A member that gives no sign of life for the scaled half a minute has left, and this may take longer.
	const pings = setInterval(() => own.socket.send("ping"), 50);
	onTestFinished(() => clearInterval(pings));
	await own.ask({ t: "sub", ref: 1, ch: "chat" });
	await own.ask({ t: "enter", ref: 2, ch: "chat", data: "ada" });
	await own.ask({ t: "pub", ref: 3, ch: "chat", n: 0, data: "ada" });
	await evict(stub);
	const forged = { from: "ada", principal: "ada", client: "shared", by: "shared/0", ts: 1, seq: 1 };
	expect(await eve.ask({ t: "pub", ref: 1, ch: "chat", n: 0, data: "eve", ...forged })).toMatchObject({
		duplicate: false,
	});
	await eve.ask({ t: "enter", ref: 2, ch: "chat", data: "eve", ...forged });
	await eve.ask({ t: "update", ref: 3, ch: "chat", data: "eve", ...forged });
	await evict(stub);
	await eve.ask({ t: "leave", ref: 4, ch: "chat", ...forged });
	expect((await own.messages(2)).map(({ from, data }) => [from, data])).toEqual([
		["ada", "ada"],
		["eve", "eve"],
	]);
	const page = await stub.members({ channel: "chat", limit: 10 });
	expect(page).toMatchObject({ ok: true, count: 1, body: expect.stringContaining('"from":"ada"') });
	expect(own.closed).toBeUndefined();
});

test("a token's end closes its socket while the object sleeps, and another token of the same principal moves it", async () => {
	const { stub } = freshSpace();
	const soon = () => Date.now() + 200;
	const [short, renewed, endless] = await Promise.all([
		connect(stub, ada(all, soon()), "short"),
		connect(stub, ada(all, soon()), "renewed"),
		connect(stub, ada(), "endless"),
	]);
	expect(told(short, "welcome")[0]?.endsIn).toBeLessThanOrEqual(200);
	expect(await renewed.ask({ t: "auth", ref: 1, token: await tokenOf(all) })).toMatchObject({ type: "done" });
	await evict(stub);
	const began = Date.now();
	await short.until(() => short.closed !== undefined, "the end");
	expect(short.closed?.code).toBe(4204);
	expect(Date.now() - began).toBeLessThan(200 + leeway + 2_000);
	expect(told(short, "bye")).toMatchObject([{ code: "token_expired" }]);
	await evict(stub);
	for (const still of [renewed, endless]) {
		expect(await still.ask({ t: "sub", ref: 9, ch: "chat" })).toMatchObject({ type: "subscribed" });
	}
	const late = await connect(stub, ada(all, Date.now() - leeway - 1), "late");
	await late.until(() => late.closed !== undefined, "the end at once");
	expect(late.closed?.code).toBe(4204);
});

test("somebody else's token ends a connection, and one that does not count changes nothing", async () => {
	const { stub } = freshSpace();
	const client = await connect(stub, ada(allBut("publish")));
	for (const token of ["nonsense", await tokenOf(all, "ada", -3_600), `${await tokenOf(all)}x`]) {
		const answer = await client.ask({ t: "auth", ref: 1, token });
		expect(answer).toMatchObject({ type: "error", code: expect.stringMatching(/unauthorized|token_expired/) });
		await evict(stub);
	}
	expect(await client.ask({ t: "pub", ref: 2, ch: "chat", data: 1 })).toMatchObject({ code: "forbidden" });
	expect(await client.ask({ t: "sub", ref: 3, ch: "chat" })).toMatchObject({ type: "subscribed" });
	client.send({ t: "auth", ref: 4, token: await tokenOf(all, "eve") });
	await client.until(() => client.closed !== undefined, "the end");
	expect(client.closed?.code).toBe(4205);
});

test("a socket of nobody may say who it is, and nothing else, and not for long", async () => {
	const { stub } = freshSpace();
	const before = await connect(stub, ada(), "same");
	const stranger = await connect(stub, undefined, "same");
	stranger.send({ t: "sub", ref: 1, ch: "chat" }, { t: "pub", ref: 2, ch: "chat", n: 0, data: 1 });
	await stranger.until(() => told(stranger, "err").length === 2, "two refusals");
	expect(told(stranger, "welcome")).toMatchObject([{ greeting: expect.any(String), features: expect.any(Array) }]);
	expect(told(stranger, "welcome")[0]).not.toHaveProperty("epoch");
	expect(told(stranger, "err").map(({ ref, code }) => [ref, code])).toEqual([
		[1, "unauthorized"],
		[2, "unauthorized"],
	]);
	expect(before.closed).toBeUndefined();
	const token = await tokenOf(all);
	// It has a tenth of a second here, for which a busy machine may be too slow.
	let client = stranger;
	for (let attempt = 0; attempt < 50 && told(client, "welcome").length < 2; attempt++) {
		client = await connect(stub, undefined, "same");
		client.send({ t: "auth", ref: 3, token });
		await client.until(() => told(client, "welcome").length === 2 || client.closed !== undefined, "what comes of it");
	}
	expect(told(client, "welcome")[1]).toMatchObject({ epoch: expect.any(String), endsIn: expect.any(Number) });
	await before.until(() => before.closed !== undefined, "the take-over");
	expect(before.closed?.code).toBe(4203);
	await evict(stub);
	expect(await client.ask({ t: "pub", ref: 4, ch: "chat", n: 0, data: 1 })).toMatchObject({ seq: 1 });
	const silent = await connect(stub, undefined, "silent");
	const wrong = await connect(stub, undefined, "wrong");
	wrong.send({ t: "auth", ref: 1, token: "wrong" });
	await wrong.until(() => wrong.closed !== undefined, "the refusal");
	await evict(stub);
	await silent.until(() => silent.closed !== undefined, "the end");
	expect([wrong.closed?.code, silent.closed?.code]).toEqual([4001, 4001]);
	const big = await connect(stub, undefined, "big");
	big.send({ t: "auth", ref: 1, token: "x".repeat(20_000) });
	await big.until(() => big.closed !== undefined, "the end of who sends much");
	expect(big.closed?.code).toBe(4109);
});

test("many capabilities are kept over sleep, and a membership from before goes with the right to it", async () => {
	const { stub } = freshSpace();
	const many = Array.from(
		{ length: 100 },
		(_, index): Capability => ({ allow: ["publish"], on: `**/channels/c${index}` }),
	);
	const client = await connect(stub, ada(many));
	const other = await connect(stub, ada([...many].reverse()), "other");
	for (const each of [client, other]) {
		await evict(stub);
		expect(await each.ask({ t: "pub", ref: 1, ch: "c99", data: 1 })).toMatchObject({ type: "published" });
		expect(await each.ask({ t: "pub", ref: 2, ch: "c100", data: 1 })).toMatchObject({ code: "forbidden" });
	}
	const member = await connect(stub, ada(), "member");
	await member.ask({ t: "enter", ref: 1, ch: "chat", data: 1 });
	const less = await connect(stub, ada(allBut("presence")), "member");
	await less.until(() => told(less, "reset").length > 0, "the end of the membership");
	expect(await stub.members({ channel: "chat", limit: 10 })).toMatchObject({ count: 0 });
});
