/** A number as a person reads it: `30,000`. */
export function digits(number: number): string {
	return number.toLocaleString("en-US");
}

/** Milliseconds in seconds: `30 s`. */
export function inSeconds(milliseconds: number): string {
	return `${digits(milliseconds / 1_000)} s`;
}

/** Milliseconds in hours: `24 h`. */
export function inHours(milliseconds: number): string {
	return `${digits(milliseconds / 3_600_000)} h`;
}
