import { isFields } from "../../protocol/codec/fields.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { isPrincipal } from "../../protocol/identity.ts";
import { readName } from "../../protocol/names.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import type { Env } from "../env.ts";
import type { ErasedStep, EraseRequest } from "../space/api/erasing.ts";
import { listSpaces, spaceStub } from "./stub.ts";

/** What erasing came to. */
export interface Erasure {
	readonly spaces: number;
	readonly messages: number;
	readonly members: number;
	readonly records: number;
	readonly kept: number;
}

/** Names of spaces that are asked for at once. */
const listed = 100;

/** Reads whom to erase, and in which space. The fault is `bad_request`, or `bad_name`. */
export function readErasure(body: Json): Result<{ readonly sub: string; readonly space?: string }> {
	if (!isFields(body) || !isPrincipal(body.sub)) return fail("bad_request", 'Say whom to erase: {"sub": …}.');
	const { sub, space } = body;
	if (space === undefined) return succeed({ sub });
	const name = readName(space, "space");
	return name.ok ? succeed({ sub, space: name.value }) : name;
}

/** Erases a principal in one space, or in all, one after the other. */
export async function erase(env: Env, request: EraseRequest, space: string | undefined): Promise<Erasure> {
	let sum: Erasure = { spaces: 0, messages: 0, members: 0, records: 0, kept: 0 };
	for await (const name of space === undefined ? everySpace(env) : [space]) {
		for await (const step of stepsIn(env, name, request)) {
			sum = {
				spaces: sum.spaces,
				messages: sum.messages + step.messages,
				members: sum.members + step.members,
				records: sum.records + step.records,
				kept: sum.kept + step.kept,
			};
		}
		sum = { ...sum, spaces: sum.spaces + 1 };
	}
	return sum;
}

async function* stepsIn(env: Env, space: string, request: EraseRequest): AsyncGenerator<ErasedStep> {
	let after: EraseRequest["after"];
	do {
		const step = await spaceStub(env, space).erase({ ...request, ...(after && { after }) });
		yield step;
		after = step.next;
	} while (after);
}

async function* everySpace(env: Env): AsyncGenerator<string> {
	for (let after: string | undefined = ""; after !== undefined; ) {
		const names = await listSpaces(env, after, listed);
		yield* names;
		after = names.length === listed ? names.at(-1) : undefined;
	}
}
