/** Reads a whole channel over plain HTTP, as any program would. */
export async function readLog<Entry>(url: string, space: string, channel: string): Promise<readonly Entry[]> {
	const entries: Entry[] = [];
	let next = "";
	for (;;) {
		const query = next === "" ? "limit=1000" : `limit=1000&after=${next}`;
		const response = await fetch(new URL(`/v1/spaces/${space}/channels/${channel}/messages?${query}`, url));
		if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
		const page = (await response.json()) as { readonly messages: readonly Entry[]; readonly next: string };
		entries.push(...page.messages);
		if (page.messages.length === 0) return entries;
		next = page.next;
	}
}
