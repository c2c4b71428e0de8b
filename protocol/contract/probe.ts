import type { StandardSchema } from "./standard-schema.ts";

/** What is tried where a schema says that something is wrong, one after another. */
const guesses: readonly unknown[] = [
	"x",
	0,
	true,
	{},
	[],
	null,
	"",
	1,
	"a@example.com",
	"https://example.com",
	"2026-01-01T00:00:00Z",
	"2026-01-01",
	"00000000-0000-4000-8000-000000000000",
	"x".repeat(40),
	100,
];

/** So many values are tried, at most. */
const mostTries = 400;

/**
 * Whether a schema is seen to be asynchronous: it answers late, and takes no value at once. It is given values until it takes
 * one: where it says that something is wrong, something else is put there. So a check that is asynchronous deep inside is
 * run, if a value is found that is right around it. One late answer proves nothing, because zod answers late too when a
 * transform throws, as some do at a value that they were not made for.
 */
export function isAsynchronous(schema: StandardSchema): boolean {
	const tried = new Map<string, number>();
	const root: { value: unknown } = { value: undefined };
	let path: readonly PropertyKey[] = [];
	let late = false;
	for (let tries = 0; tries < mostTries; tries++) {
		const result = validate(schema, root.value);
		if (typeof result === "object") {
			const issue = result.issues?.[0];
			if (!issue) return false;
			path = (issue.path ?? []).map((segment) => (typeof segment === "object" ? segment.key : segment));
		}
		late ||= result === "late";
		if (!improve(root, path, tried)) return late;
	}
	return late;
}

/** What a schema says of a value. */
function validate(schema: StandardSchema, value: unknown) {
	try {
		const result = schema["~standard"].validate(value);
		if (!("then" in result)) return result;
		result.then(undefined, () => {});
		return "late";
	} catch {
		return "thrown";
	}
}

/** Puts the next guess where something is wrong; false when there is none left. */
function improve(root: { value: unknown }, path: readonly PropertyKey[], tried: Map<string, number>): boolean {
	const place = path.map(String).join("\n");
	const index = tried.get(place) ?? 0;
	if (index >= guesses.length) return false;
	tried.set(place, index + 1);
	let holder: { [key: PropertyKey]: unknown } = root as { [key: PropertyKey]: unknown };
	let last: PropertyKey = "value";
	for (const key of path) {
		const next = holder[last];
		if (typeof next !== "object" || next === null) return false;
		holder = next as { [key: PropertyKey]: unknown };
		last = key;
	}
	if (last === "__proto__") return false;
	holder[last] = fresh(guesses[index]);
	return true;
}

function fresh(guess: unknown): unknown {
	return typeof guess === "object" && guess !== null ? (Array.isArray(guess) ? [] : {}) : guess;
}
