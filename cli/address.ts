import { isIP } from "node:net";

/** Whether a host can be reached from this machine alone, as far as its text says: names are not looked up. */
export function isLoopback(host: string): boolean {
	return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** The address to listen on for a host: `localhost` is 127.0.0.1, so that one address serves every program. */
export function listenAddress(host: string): string {
	return host === "localhost" ? "127.0.0.1" : host;
}

/** `host:port` as another program on this machine connects to it: "every address" is reached by loopback. */
export function reachableAddress(host: string, port: number): string {
	const reachable = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
	return isIP(reachable) === 6 ? `[${reachable}]:${port}` : `${reachable}:${port}`;
}
