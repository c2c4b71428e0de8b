/** What `docs/reference/capabilities.md` says, and nothing else: slow, plain, and sharing no code with the product. */

/** A capability, as it travels. */
export interface Allowed {
	readonly allow: readonly string[];
	readonly on: string;
}

/** Whether one of the capabilities allows an operation on `<space>/<kind>/<name>`. */
export function mayDo(capabilities: readonly Allowed[], operation: string, target: string): boolean {
	for (const { allow, on } of capabilities) {
		if (!allow.includes(operation)) continue;
		const wanted = on.split("/");
		const asked = target.split("/");
		let all = true;
		for (let place = 0; place < 3; place++) {
			if (!standsFor((wanted[place] ?? "").split(":"), (asked[place] ?? "").split(":"))) all = false;
		}
		if (all) return true;
	}
	return false;
}

/** Part by part, from the left. */
function standsFor(pattern: readonly string[], name: readonly string[]): boolean {
	const [wanted, ...wantedRest] = pattern;
	const [part, ...rest] = name;
	if (wanted === undefined || part === undefined) return wanted === part;
	if (wanted === "**") return true;
	if (wanted !== "*" && wanted !== part) return false;
	return standsFor(wantedRest, rest);
}
