import type { Draft } from "../../protocol/envelopes.ts";
import type { StoredDraft } from "./ports.ts";

/** A draft as the log stores it: its data as compact JSON, which holds no raw newline. */
export function storedDraft(draft: Draft): StoredDraft {
	return { ...draft, data: JSON.stringify(draft.data) };
}
