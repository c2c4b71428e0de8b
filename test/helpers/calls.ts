import { expect } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { formats } from "./formats.ts";
import { postJson } from "./http.ts";
import { sendJson } from "./records.ts";
import { connectWire, type Wire } from "./wire.ts";

/** Calls a service and does not wait for it, for an hour at most; resolves to the id of the call. */
export async function callOf(service: string, data: Json): Promise<string> {
	const response = await postJson(`${service}/calls?wait=0`, { data, timeout: 3_600_000 });
	expect(response.status).toBe(202);
	return ((await response.json()) as { readonly id: string }).id;
}

/** The ids of calls of the service `translate`. */
export interface MadeCalls {
	/** Waits all the while. */
	readonly open: string;
	/** Whatever becomes of it. */
	readonly done: string;
	/** Has its reply: its data. */
	readonly replied: string;
}

/** Makes calls of the services of a space, and of `taken` one for each format, to be taken. */
export async function makeCalls(services: string, data: Json): Promise<MadeCalls> {
	const translate = `${services}/translate`;
	const calls = {
		open: await callOf(translate, data),
		done: await callOf(translate, data),
		replied: await callOf(translate, data),
	};
	await sendJson("PUT", `${translate}/calls/${calls.replied}/reply`, { data });
	for (const _ of formats) await callOf(`${services}/taken`, data);
	return calls;
}

/** Serves a service on a socket of its own: the reply to each call is its data. */
export async function serveEcho(server: string, space: string, service: string): Promise<Wire> {
	const wire = await connectWire(server, space, `server-of-${service}`);
	wire.onEnvelopes = (envelopes) => {
		for (const envelope of envelopes) {
			if (envelope.type !== "live" || envelope.fields.cancelled === true) continue;
			const { id = "", attempt = 0, data = null } = envelope.fields;
			wire.send({ t: "reply", ref: 1, id, attempt, data });
		}
	};
	await wire.ask({ t: "serve", ref: 0, svc: service, concurrency: 50 });
	return wire;
}
