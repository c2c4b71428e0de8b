import { readBase64Url, writeBase64Url } from "../../protocol/codec/base64url.ts";
import { isFields } from "../../protocol/codec/fields.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { isPrincipal } from "../../protocol/identity.ts";
import { failureLine } from "../../protocol/log.ts";
import { isName, readName } from "../../protocol/names.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import type { Env } from "../env.ts";
import type { ErasePlace, EraseRequest } from "../space/api/erasing.ts";
import { listSpaces, spaceStub } from "./stub.ts";

/** What erasing came to. */
export interface Erasure {
	readonly spaces: number;
	readonly messages: number;
	readonly members: number;
	readonly records: number;
	readonly kept: number;
	/** Spaces that failed and were passed by, at most `stepsMost`: each needs a request of its own. Absent: none did. */
	readonly failed?: readonly string[];
	/** Where to go on. Absent: all is done. */
	readonly next?: string;
}

/** How far erasing came: in the middle of a space, or with all of it. */
interface Reached {
	readonly space: string;
	readonly place?: ErasePlace;
}

/** What is to be erased. */
export interface ErasureBody {
	readonly sub: string;
	readonly space?: string;
	readonly after?: Reached;
}

/**
 * Steps in spaces that one request takes, with those that fail, and names of spaces that it asks for. With one question to each
 * of the 16 shards for those names, they stay below the 50 subrequests of an invocation on Workers Free
 * (developers.cloudflare.com/workers/platform/limits).
 */
const stepsMost = 30;

/** Reads whom to erase, in which space, and where to go on. The fault is `bad_request`, or `bad_name`. */
export function readErasure(body: Json): Result<ErasureBody> {
	if (!isFields(body) || !isPrincipal(body.sub)) return fail("bad_request", 'Say whom to erase: {"sub": …}.');
	const { sub, space } = body;
	const name = space === undefined ? undefined : readName(space, "space");
	if (name?.ok === false) return name;
	const after = body.after === undefined ? undefined : readReached(body.after);
	if ((body.after !== undefined && !after) || (name && after && after.space !== name.value)) {
		return fail("bad_request", "after is what the answer to the same request gave as next.");
	}
	return succeed({ sub, ...(name && { space: name.value }), ...(after && { after }) });
}

/**
 * Erases a principal in one space, or in all, one after the other: as much as one request may, from where the last one stopped.
 * Of all, those that fail are passed by, and named: what always fails must not keep the rest from being erased. Rejects where one
 * space alone is asked for and nothing could be done, and where all that a request from the beginning came to failed.
 */
export async function erase(env: Env, request: EraseRequest, { space, after }: ErasureBody): Promise<Erasure> {
	const sum = { spaces: 0, messages: 0, members: 0, records: 0, kept: 0 };
	const failed: string[] = [];
	let failure: unknown;
	const started = after?.place && after.space;
	const others = space === undefined ? await listSpaces(env, after?.space ?? "", stepsMost, "visited") : [];
	let reached = after;
	let steps = 0;
	const told = (next: Reached | undefined): Erasure => {
		// Later requests go on: else so many failures in a row would end all that follow.
		if (failed.length > 0 && failed.length === steps && (!after || space !== undefined)) throw failure;
		const named = space === undefined && failed.length > 0;
		return { ...sum, ...(named && { failed }), ...(next && { next: writeReached(next) }) };
	};
	for (const name of space === undefined ? [...(started ? [started] : []), ...others] : [space]) {
		let place = name === started ? after?.place : undefined;
		do {
			if (steps === stepsMost) return told(reached);
			steps += 1;
			const asked = spaceStub(env, name).erase({ ...request, ...(place && { after: place }) });
			const step = await asked.catch((error: unknown) => {
				console.error(failureLine("erasing", error));
				failure = error;
				failed.push(name);
			});
			// Alone, it goes on where it was.
			if (!step && space !== undefined) return told(reached);
			for (const what of ["messages", "members", "records", "kept"] as const) sum[what] += step?.[what] ?? 0;
			place = step?.next;
			reached = { space: name, ...(place && { place }) };
		} while (place);
		if (failed.at(-1) !== name) sum.spaces += 1;
	}
	return told(others.length === stepsMost ? reached : undefined);
}

/** For whoever asks it is a text without a meaning. */
function writeReached(reached: Reached): string {
	return writeBase64Url(new TextEncoder().encode(JSON.stringify(reached)));
}

function readReached(text: Json): Reached | undefined {
	const bytes = typeof text === "string" ? readBase64Url(text) : undefined;
	if (!bytes) return undefined;
	try {
		const reached = JSON.parse(new TextDecoder().decode(bytes)) as Json;
		if (!isFields(reached) || !isName(reached.space)) return undefined;
		const { space, place } = reached;
		if (place === undefined) return { space };
		return isPlace(place) ? { space, place } : undefined;
	} catch {
		return undefined;
	}
}

function isPlace(value: unknown): value is ErasePlace {
	const place = (isFields(value as Json) ? value : {}) as { readonly [name: string]: Json };
	if (place.table === "segments") return Number.isSafeInteger(place.k);
	if (place.table === "keyed") return Number.isSafeInteger(place.channel) && typeof place.key === "string";
	return place.table === "records" && Number.isSafeInteger(place.collection) && typeof place.id === "string";
}
