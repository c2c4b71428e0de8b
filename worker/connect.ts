import config from "../aerogram.config.ts";
import { compileRights, missingRight } from "../protocol/capabilities.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Identity } from "../protocol/identity.ts";
import { failureLine } from "../protocol/log.ts";
import { fail, type Result, succeed } from "../protocol/result.ts";
import { identify, recheck } from "./auth/authenticate.ts";
import type { Config } from "./config.ts";
import { durationsOf, type Env, isDevMode } from "./env.ts";
import { exchangePlace, exchangeReply, faultOf, storeExchanges } from "./exchange.ts";
import { greeting } from "./greeting.ts";
import { serveConnection } from "./tcp/connection.ts";
import { lineBytes } from "./tcp/reply.ts";
import type { StoreExchanges } from "./tcp/speaker.ts";

/** Whom raw TCP speaks for in dev mode. Whoever it is, all that can be said there is an exchange. */
const anybody: Identity = {
	principal: "tcp",
	capabilities: [{ allow: ["publish"], on: `${exchangePlace.space}/channels/${exchangePlace.channel}` }],
};

/** Serves one raw TCP connection of the runtime: exchanges go straight to the space. */
export async function serveTcp(socket: Socket, env: Env): Promise<void> {
	const reader: ReadableStreamDefaultReader<Uint8Array> = socket.readable.getReader();
	const writer: WritableStreamDefaultWriter<Uint8Array> = socket.writable.getWriter();
	// A client may vanish at any moment; whoever awaits a read or a write learns of it there.
	socket.closed.catch(() => {});
	writer.closed.catch(() => {});
	// Raw TCP has no Host and no Origin to check: outside dev mode it is served to who shows a token, where that is wanted.
	const {
		greeting: greet = "auto",
		wait = durationsOf(env).tcpGreeting,
		tokens = false,
	}: Config["tcp"] & {} = config.tcp ?? {};
	if (isDevMode(env) || tokens) {
		const { tcpDrain: drain, unknown: patience } = durationsOf(env);
		const door = { authenticate: (credential: string) => authenticate(credential, env), patience };
		const service = { greeting, greet, wait, drain, store: storeFor(anybody, env), ...(!isDevMode(env) && { door }) };
		await serveConnection({ reader, writer }, service);
	} else {
		await refuse(writer);
	}
	await socket.close().catch(() => {});
}

async function refuse(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
	try {
		await writer.write(lineBytes("Raw TCP is closed on this server."));
		await writer.close();
	} catch {
		// The client is gone already.
	}
}

async function authenticate(credential: string, env: Env): Promise<Result<StoreExchanges>> {
	try {
		const identity = await identify(credential, env);
		return identity.ok ? succeed(storeFor(identity.value, env)) : identity;
	} catch (error) {
		console.error(failureLine("raw TCP", error));
		return fail("internal", "The server failed; show it again.");
	}
}

/** Stores for somebody, as long as they may: a connection may stand for days, and what let it in may count no more. */
function storeFor(identity: Identity, env: Env): StoreExchanges {
	const { principal, capabilities, ends } = identity;
	const { space, channel } = exchangePlace;
	const allowed = compileRights(capabilities).allows("publish", space, "channels", channel);
	const end = ends === undefined ? Number.POSITIVE_INFINITY : ends + durationsOf(env).leeway;
	// One after the other: some ask the Directory and some need not, and all are stored in the order in which they came.
	let counts: Promise<Result<unknown>> = Promise.resolve(succeed(identity));
	return async (exchanges) => {
		counts = counts.then(() => stillCounts(identity, env));
		const counted = await counts;
		if (!counted.ok) return counted;
		if (Date.now() >= end) return fail("token_expired", "The token has ended: connect again, with a fresh one.");
		if (!allowed) return { ok: false, fault: missingRight("publish", space, "channels", channel) };
		return store(exchanges, env, principal);
	};
}

async function stillCounts(identity: Identity, env: Env): Promise<Result<unknown>> {
	try {
		return await recheck(identity, env);
	} catch (error) {
		return notStored(error);
	}
}

async function store(exchanges: readonly Exchange[], env: Env, principal: string): Promise<Result<readonly string[]>> {
	try {
		const stored = await storeExchanges(env, principal, exchanges);
		if (!stored.ok) return { ok: false, fault: faultOf(stored) };
		return succeed(exchanges.map(({ name }) => exchangeReply(name)));
	} catch (error) {
		return notStored(error);
	}
}

function notStored(error: unknown): Result<never> {
	console.error(failureLine("raw TCP", error));
	return fail("internal", "The server failed; nothing of this was stored. Send it again.");
}
