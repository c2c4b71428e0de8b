const http =
	"This port speaks raw TCP: send a JSON object, an XML document or a packet here, and speak HTTP to the HTTP port.";
const tls = "This port speaks raw TCP without TLS: send a JSON object, an XML document or a packet as plain bytes.";

const methods = ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PRI"];

/**
 * How other protocols open a connection, and what their client is told: HTTP by a method and a space (`PRI` is HTTP/2,
 * RFC 9113 section 3.4), TLS by a handshake record of version 3.x (RFC 8446 section 5.1).
 */
const openings: readonly (readonly [string, string])[] = [
	...methods.map((method) => [`${method} `, http] as const),
	["\x16\x03", tls],
];

/** Whether the first bytes of a connection, as text, can still become another protocol's opening. */
export function mayOpen(text: string): boolean {
	return openings.some(([opening]) => opening.startsWith(text));
}

/** What to tell a client that opened with these bytes, once they are another protocol's for sure. */
export function wrongPort(text: string): string | undefined {
	return openings.find(([opening]) => opening === text)?.[1];
}
