import type { Context } from "hono";
import {
	type Capability,
	compileRights,
	missingRight,
	type Operation,
	type ResourceKind,
	type Rights,
} from "../../protocol/capabilities.ts";
import type { Fault } from "../../protocol/result.ts";
import { Problem, problemOf } from "./problem.ts";
import type { App } from "./types.ts";

/** What an operation is asked on. */
export interface Place {
	readonly space: string;
	readonly kind: ResourceKind;
	readonly name: string;
}

/** Keys and dev mode have the same capabilities at every request: they are compiled once. */
const compiled = new WeakMap<readonly Capability[], Rights>();

/** Why an operation may not be done by whom the request speaks for; undefined where it may. */
export function lackOf(context: Context<App>, operation: Operation, { space, kind, name }: Place): Fault | undefined {
	return rightsOf(context).allows(operation, space, kind, name)
		? undefined
		: missingRight(operation, space, kind, name);
}

/** Throws a `Problem` (`forbidden`) where an operation may not be done. */
export function need(context: Context<App>, operation: Operation, place: Place): void {
	const lack = lackOf(context, operation, place);
	if (lack) throw problemOf(lack);
}

/** Throws a `Problem` (`forbidden`) unless an operation may be done on all that a capability of this `on` stands for. */
export function needAll(context: Context<App>, operation: Operation, on: string): void {
	if (rightsOf(context).covers([{ allow: [operation], on }])) return;
	throw new Problem("forbidden", `This needs ${operation} on all of ${on}.`);
}

/**
 * Why what a request writes may not be stored, for the space to say once it has found that it is not stored already: a repeat is
 * answered as it was. Throws a `Problem` (`forbidden`) where the request says no key that could make it one.
 */
export function verdict(
	context: Context<App>,
	operation: Operation,
	place: Place,
): { readonly refused?: Pick<Fault, "code" | "message"> } {
	const refused = lackOf(context, operation, place);
	if (!refused) return {};
	if (context.req.header("idempotency-key") === undefined) throw problemOf(refused);
	return { refused };
}

function rightsOf(context: Context<App>): Rights {
	const { capabilities } = context.get("identity");
	const rights = compiled.get(capabilities) ?? compileRights(capabilities);
	compiled.set(capabilities, rights);
	return rights;
}
