import { writeBinaryFrame } from "../../protocol/codec/binary-frame.ts";
import { encodeServer } from "../../protocol/codec/serving.ts";
import { errorRow } from "../../protocol/errors.ts";
import type { Fault } from "../../protocol/result.ts";
import { frameFormatOf } from "../../protocol/subprotocols.ts";
import { readCredential } from "../auth/credentials.ts";

/** Somebody of whom it is not known who they are, at the door for sockets. */
export interface Stranger {
	/** Why not. */
	readonly fault: Fault;
	/** What they showed to say who they are, by which way. */
	readonly shown: "nothing" | "header" | "subprotocol";
}

/** Whether a request asks for a WebSocket. */
export function isUpgrade(request: Request): boolean {
	return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** Who is at the door for sockets and not let in by `authenticate`; undefined at every other door, where that is an answer. */
export function strangerOf(request: Request, fault: Fault): Stranger | undefined {
	const { pathname, searchParams } = new URL(request.url);
	const isDoor = request.method === "GET" && /^\/v1\/spaces\/[^/]+\/socket$/.test(pathname);
	if (!isDoor || !isUpgrade(request)) return undefined;
	if (request.headers.has("authorization") || searchParams.has("ticket")) return { fault, shown: "header" };
	const credential = readCredential(request);
	return { fault, shown: credential.ok && credential.value === undefined ? "nothing" : "subprotocol" };
}

/** Opens a socket to say in it why it does not stay open: a browser shows no other answer to its handshake. */
export function turnAway(protocol: string | undefined, { code, message }: Fault): Response {
	const { 0: theirs, 1: ours } = new WebSocketPair();
	const { close = 1011, title } = errorRow(code);
	const bye = encodeServer({ type: "bye", code, message });
	ours.accept();
	ours.send(protocol !== undefined && frameFormatOf(protocol) === "msgpack" ? writeBinaryFrame(bye) : bye);
	ours.close(close, title);
	const headers = protocol === undefined ? {} : { "sec-websocket-protocol": protocol };
	return new Response(null, { status: 101, webSocket: theirs, headers });
}
