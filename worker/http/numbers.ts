import { Problem } from "./problem.ts";

/** Reads a whole number of the query. Throws a `Problem` (`bad_request`) for one that is not from `least` to `most`. */
export function readNumber(text: string, name: string, least: number, most: number): number {
	const number = Number(text);
	if (!/^\d{1,16}$/.test(text) || number > most || number < least) {
		throw new Problem("bad_request", `${name} is a whole number from ${least} to ${most}.`);
	}
	return number;
}
