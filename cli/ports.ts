import { createServer } from "node:net";
import { UnavailableError } from "./usage-error.ts";

/** The option that a port was given by. */
export type PortFlag = "--port" | "--tcp";

/**
 * Checks that a port can be listened on, before anything is built or started. Port 0 always can. An address that is
 * `optional` may be missing on this machine.
 *
 * @throws UnavailableError with one sentence that names the flag to change.
 */
export async function checkPort(flag: PortFlag, host: string, port: number, optional = false): Promise<void> {
	if (port === 0 && flag === "--tcp") return;
	const server = createServer();
	try {
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen({ host, port, exclusive: true }, resolve);
		});
	} catch (error) {
		if (!optional || !isMissingAddress(error)) throw new UnavailableError(explainListen(flag, host, port, error));
	} finally {
		await new Promise((resolve) => server.close(resolve));
	}
}

/** Whether an address cannot be listened on because this machine does not have it: IPv6 may be switched off. */
export function isMissingAddress(error: unknown): boolean {
	const code = codeOf(error);
	return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
}

/** Why a port cannot be listened on, in one sentence that names the flag to change. */
export function explainListen(flag: PortFlag, host: string, port: number, error: unknown): string {
	const code = codeOf(error);
	const off = flag === "--tcp" ? ", off = none" : "";
	switch (code) {
		case "EADDRINUSE":
			return `Port ${port} on ${host} is in use: choose another with ${flag} (0 = any${off}).`;
		case "EACCES":
			return `Port ${port} is not allowed for this user: choose one above 1023 with ${flag} (0 = any${off}).`;
		default:
			return `This machine cannot listen on ${host} (${String(code ?? error)}): choose another address with --host.`;
	}
}

function codeOf(error: unknown): unknown {
	return error instanceof Error && "code" in error ? error.code : undefined;
}
