/** 32 random hexadecimal digits, which nobody else has. */
export function randomId(): string {
	// Not randomUUID: browsers offer that on https pages alone.
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
