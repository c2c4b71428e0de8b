import { isFields } from "../protocol/codec/fields.ts";
import { exceedsBytes, parseJson, writeJson } from "../protocol/codec/json.ts";
import type { Json } from "../protocol/envelopes.ts";
import { limits } from "../protocol/limits.ts";
import { failureLine } from "../protocol/log.ts";
import type { Hooks } from "./config.ts";
import type { MessageScreen, RecordScreen, Refused } from "./space/ports.ts";

/** `onPublish` as a screen of the messages of a space. */
export function messageHook(hook: NonNullable<Hooks["onPublish"]>, space: string): MessageScreen {
	return ({ principal, channel, draft, ephemeral }) => {
		const { data, index: _, ...named } = draft;
		const told = { space, channel, principal, ephemeral, ...named, data: JSON.parse(data) as Json };
		const answer = callHook("onPublish", () => hook(told), limits.messageBytes);
		return answer.ok ? { ok: true, data: answer.data ?? data } : answer;
	};
}

/** `onRecordWrite` as a screen of the writes of a space's records. */
export function recordHook(hook: NonNullable<Hooks["onRecordWrite"]>, space: string): RecordScreen {
	return ({ principal, collection, id, before, data }) => {
		const told = { space, collection, id, principal, before: readObject(before), data: readObject(data) };
		const answer = callHook("onRecordWrite", () => hook(told), limits.recordBytes);
		if (!answer.ok || answer.data === undefined) return answer.ok ? { ok: true, data } : answer;
		if (data === null) return failed("onRecordWrite", "gave data for a record that is deleted");
		if (!answer.data.startsWith("{")) return failed("onRecordWrite", "gave data that is no object");
		return { ok: true, data: answer.data };
	};
}

function readObject(text: string | null): { readonly [key: string]: Json } | null {
	const value = text === null ? null : (JSON.parse(text) as Json);
	return isFields(value ?? undefined) ? (value as { readonly [key: string]: Json }) : null;
}

/** What a hook answered: `data` as JSON text, where it replaces what was sent. */
type HookAnswer = { readonly ok: true; readonly data: string | undefined } | Refused;

/** Calls a hook. What is wrong with it is logged; whoever sent something learns only that it was not stored. */
function callHook(name: string, call: () => unknown, most: number): HookAnswer {
	try {
		const answer = call();
		if (answer === undefined || answer === null) return { ok: true, data: undefined };
		if (answer instanceof Promise) {
			answer.catch(() => {});
			return failed(name, "returned a promise; it runs inside a transaction, which waits for nothing");
		}
		const { reject, data } = answer as { readonly reject?: unknown; readonly data?: Json };
		if (typeof reject === "string") return { ok: false, code: "rejected", message: reject };
		if (data === undefined) return failed(name, "returned neither nothing, nor { reject: text }, nor { data }");
		const carried = parseJson(JSON.stringify(data));
		if (!carried.ok) return failed(name, `gave data that JSON does not carry: ${carried.fault.message}`);
		const text = writeJson(carried.value);
		return exceedsBytes(text, most) ? failed(name, `gave data of more than ${most} bytes`) : { ok: true, data: text };
	} catch (error) {
		return failed(name, "threw", error);
	}
}

/** The refusal where a hook itself is wrong. It is logged with what it did. */
export function failed(name: string, what: string, thrown?: unknown): Refused {
	console.error(failureLine(`${name} of aerogram.config.ts ${what}`, thrown));
	const message = `The server's own code failed (${name}): its log says why. Nothing of this was stored.`;
	return { ok: false, code: "application_failed", message };
}
