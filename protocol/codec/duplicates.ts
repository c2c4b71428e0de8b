/**
 * Whether some object of a JSON text names a member twice. Which of the two counts differs from parser to parser, so that one
 * program could check the first and another act by the second. The text has been parsed before.
 */
export function hasDuplicates(json: string): boolean {
	const open: (Set<string> | undefined)[] = [];
	let last = "";
	for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
		if (token === "{" || token === "[") {
			open.push(token === "{" ? new Set() : undefined);
		} else if (token === "}" || token === "]") {
			open.pop();
		} else if (token === ":") {
			const names = open.at(-1);
			// One name may be written in several ways, with and without escapes.
			const name = JSON.parse(last) as string;
			if (names?.has(name)) return true;
			names?.add(name);
		} else {
			last = token;
		}
	}
	return false;
}
