import { createServer } from "node:net";
import { UnavailableError } from "./usage-error.ts";

/**
 * Checks that a port can be listened on, before anything is built or started. Port 0 always can.
 *
 * @throws UnavailableError with one sentence that names the flag to change.
 */
export async function checkPort(flag: "--port" | "--tcp", host: string, port: number): Promise<void> {
	if (port === 0 && flag === "--tcp") return;
	const server = createServer();
	try {
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen({ host, port, exclusive: true }, resolve);
		});
	} catch (error) {
		throw new UnavailableError(explain(flag, host, port, error));
	} finally {
		await new Promise((resolve) => server.close(resolve));
	}
}

function explain(flag: string, host: string, port: number, error: unknown): string {
	const code = error instanceof Error && "code" in error ? error.code : undefined;
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
