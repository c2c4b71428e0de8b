import type { Append, Refused, StoredDraft } from "../../ports.ts";
import type { Channel } from "./channel.ts";

/** Lets the application look at what is published: the append as it then is, or why nothing of it is stored. */
export function screenAppend(
	append: Append,
	{ name, screen }: Channel,
): { readonly ok: true; readonly append: Append } | (Refused & { readonly index?: number }) {
	if (!screen) return { ok: true, append };
	const { principal, drafts, ephemeral = [] } = append;
	const changed: Record<"stored" | "passing", StoredDraft[]> = { stored: [], passing: [] };
	for (const [kind, list] of [["stored", drafts] as const, ["passing", ephemeral] as const]) {
		for (const draft of list) {
			const screened = screen({ principal, channel: name, draft, ephemeral: kind === "passing" });
			if (!screened.ok) return refusalOf(screened, draft);
			changed[kind].push({ ...draft, data: screened.data });
		}
	}
	const { stored, passing } = changed;
	return { ok: true, append: { ...append, drafts: stored, ...(passing.length > 0 && { ephemeral: passing }) } };
}

function refusalOf(refused: Refused, { index }: StoredDraft) {
	if (index === undefined) return refused;
	return { ...refused, message: `Message ${index + 1} of the list: ${refused.message}`, index };
}
