/** The SHA-256 digest of a text's UTF-8. */
export async function digestOf(text: string): Promise<Uint8Array> {
	return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Whether two digests are the same. It looks at every byte, so that the time it takes says nothing about where they differ. */
export function sameDigest(one: Uint8Array, other: Uint8Array): boolean {
	let difference = one.length ^ other.length;
	for (let at = 0; at < one.length; at++) difference |= (one[at] ?? 0) ^ (other[at] ?? 0);
	return difference === 0;
}
