import { exceedsBytes, writeJson } from "../protocol/codec/json.ts";
import { checkValue, type ReadContract } from "../protocol/contract/check.ts";
import type { StandardSchema } from "../protocol/contract/standard-schema.ts";
import type { Json } from "../protocol/envelopes.ts";
import { limits } from "../protocol/limits.ts";
import { failed } from "./hooks.ts";
import type { CallScreen, CallScreens, MessageScreen, RecordScreen, Refused } from "./space/ports.ts";

/** The contract of a channel as a screen of its messages: what its schema gives out is what is stored. */
export function channelContract(schema: StandardSchema): MessageScreen {
	return ({ channel, draft }) => check(schema, draft.data, `channel ${channel}`, limits.messageBytes);
}

/** The contract of a collection as a screen of its records. A deletion says nothing that could violate it. */
export function collectionContract(schema: StandardSchema): RecordScreen {
	return ({ collection, data }) => {
		if (data === null) return { ok: true, data };
		const checked = check(schema, data, `collection ${collection}`, limits.recordBytes);
		if (!checked.ok || checked.data.startsWith("{")) return checked;
		return failed(`the contract of collection ${collection}`, "gave out something that is no object");
	};
}

/** The contracts of services as screens of what they are asked and what they answer. */
export function serviceContracts(services: ReadContract["services"]): CallScreens {
	if (services.size === 0) return {};
	const screen =
		(side: "input" | "output"): CallScreen =>
		(service, data) => {
			const schema = services.get(service)?.[side];
			return schema ? check(schema, data, `service ${service}, ${side}`, limits.messageBytes) : { ok: true, data };
		};
	return { input: screen("input"), output: screen("output") };
}

function check(
	schema: StandardSchema,
	data: string,
	of: string,
	most: number,
): { readonly ok: true; readonly data: string } | Refused {
	const checked = checkValue(schema, JSON.parse(data) as Json);
	if (!checked.ok) {
		const { code, message, path, reason } = checked;
		if (code === "application_failed") return failed(`the contract of ${of}`, "failed", reason);
		return { ok: false, code, message, path };
	}
	const text = writeJson(checked.value);
	if (!exceedsBytes(text, most)) return { ok: true, data: text };
	return { ok: false, code: "too_big", message: `By its contract this is more than ${most} bytes of JSON.` };
}
