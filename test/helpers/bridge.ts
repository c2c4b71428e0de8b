import { createInterface } from "node:readline";
import { finish, startCli } from "./cli.ts";

/** `aerogram tcp` in a process of its own. */
export interface Bridge {
	readonly address: { readonly host: string; readonly port: number };
	/** What it said on stderr, once it has ended; its exit code. */
	stop(): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Bridges a free port of this machine to a server. */
export async function startBridge(url: string): Promise<Bridge> {
	const child = startCli(["tcp", "--to", url, "--port", "0"]);
	const result = finish(child);
	const line = await Promise.race([
		new Promise<string>((resolve) => createInterface({ input: child.stdout }).once("line", resolve)),
		result.then(({ stderr }) => {
			throw new Error(`the bridge did not start: ${stderr}`);
		}),
	]);
	return {
		address: { host: "127.0.0.1", port: Number(line.split(":").at(-1)) },
		stop() {
			child.kill("SIGTERM");
			return result;
		},
	};
}
