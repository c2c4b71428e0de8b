/** By port: whether the error codes that it says count as seen. */
const ports = new Map<string, boolean>();

/**
 * Notes a server of ours: what it answers must be as its OpenAPI document says. Proxies in front of one count too. One that
 * a test tells what to answer is `invented`: the codes it says were never said by a server.
 */
export function noteServer(url: string, { invented = false } = {}): void {
	ports.set(new URL(url).port, !invented);
}

/** Forgets a server that is gone: another program may get its port. */
export function forgetServer(url: string): void {
	ports.delete(new URL(url).port);
}

/** Whether an address belongs to a server of ours. */
export function isServer(url: URL): boolean {
	return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname) && ports.has(url.port);
}

/** Whether the error codes that it says count as seen. */
export function countsCodes(url: URL): boolean {
	return ports.get(url.port) === true;
}
