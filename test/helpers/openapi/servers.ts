const ports = new Set<string>();

/** Notes a server of ours: what it answers must be as its OpenAPI document says. Proxies in front of one count too. */
export function noteServer(url: string): void {
	ports.add(new URL(url).port);
}

/** Forgets a server that is gone: another program may get its port. */
export function forgetServer(url: string): void {
	ports.delete(new URL(url).port);
}

/** Whether an address belongs to a server of ours. */
export function isServer(url: URL): boolean {
	return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname) && ports.has(url.port);
}
