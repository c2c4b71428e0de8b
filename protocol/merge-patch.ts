import { type Fields, isFields } from "./codec/fields.ts";
import type { Json } from "./envelopes.ts";

/** An object to be made: what stood there, what the patch says of it, and where the outcome goes. */
interface Step {
	readonly target: Json | undefined;
	readonly patch: Fields;
	readonly result: { [key: string]: Json };
}

/**
 * Applies a JSON Merge Patch (RFC 7396): members of the patch replace those of the target, null takes one away, and a
 * patch that is no object replaces the whole. `target` is undefined where nothing stood. Neither is changed: the result is
 * a new value, which shares what the patch did not touch. Members keep their order, new ones follow.
 *
 * Works through a list and never calls itself, so that no depth can exhaust the stack.
 */
export function mergePatch(target: Json | undefined, patch: Json): Json {
	if (!isFields(patch)) return patch;
	const whole = {};
	const steps: Step[] = [{ target, patch, result: whole }];
	for (const step of steps) {
		const members = new Map(isFields(step.target) ? Object.entries(step.target) : []);
		for (const [key, value] of Object.entries(step.patch)) {
			if (value === null) {
				members.delete(key);
			} else if (isFields(value)) {
				const result = {};
				steps.push({ target: members.get(key), patch: value, result });
				members.set(key, result);
			} else {
				members.set(key, value);
			}
		}
		// Defined, not assigned: assigning `__proto__` would change what the object is instead of giving it a member.
		for (const [key, value] of members) {
			Object.defineProperty(step.result, key, { value, enumerable: true, writable: true, configurable: true });
		}
	}
	return whole;
}
