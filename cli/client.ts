import { Aerogram, AerogramError, isAerogramError, type Space } from "../sdk/index.ts";
import type { ServerAddress } from "./arguments.ts";
import { hint } from "./output.ts";
import { UnavailableError } from "./usage-error.ts";

/** How long a server that does not answer is asked what is wrong, in milliseconds. */
const probe = 3_000;

/**
 * Does something with a client of a server, and closes it.
 *
 * @throws UnavailableError when the server cannot be reached; what it refuses, as an `AerogramError`.
 */
export async function withClient<Value>(
	server: ServerAddress,
	use: (client: Aerogram) => Promise<Value>,
): Promise<Value> {
	const { url, token } = server;
	const client = new Aerogram(url, { token });
	try {
		return await use(client);
	} catch (error) {
		throw explainUnreachable(url, error);
	} finally {
		client.close();
	}
}

/**
 * Does something over a space's connection. One that never stands ends it. One that stood and is lost is waited for:
 * `patiently`, however long that takes; else for two minutes (`durations.suspended`).
 *
 * @throws as `withClient` does.
 */
export function withSpace<Value>(
	server: ServerAddress,
	name: string,
	use: (space: Space, client: Aerogram) => Promise<Value>,
	patience: "patiently" | "two minutes" = "two minutes",
): Promise<Value> {
	return withClient(server, (client) => {
		const space = client.space(name);
		// Errors that no promise carries are those of callbacks and of refusals that pass; printed, they would not help.
		space.on("error", (error) => hint(`${error.code}: ${error.message}`));
		return Promise.race([use(space, client), connectionFailure(server.url, client, space, patience === "patiently")]);
	});
}

/** Rejects when the connection cannot be had. Never resolves. */
function connectionFailure(url: string, client: Aerogram, space: Space, patient: boolean): Promise<never> {
	let stood = false;
	return new Promise((_, reject) => {
		space.on("state", ({ state, previous, reason }) => {
			if (state === "connected") {
				if (stood) hint("Connected again.");
				stood = true;
			} else if ((state === "suspended" && !patient) || (state === "waiting" && !stood)) {
				void explain(client, reason).then(reject);
			} else if (state === "waiting" && previous === "connected") {
				hint(`The connection to ${url} is lost; trying again…`);
			}
		});
	});
}

/** Why a connection does not stand. A socket does not say; a request over HTTP does. */
async function explain(client: Aerogram, reason: AerogramError | undefined): Promise<unknown> {
	try {
		await client.http.get("/v1/spaces", { query: { limit: 1 }, retries: 0, timeout: probe });
		return reason ?? new AerogramError("network", "The connection cannot be had.");
	} catch (error) {
		return error;
	}
}

/** What to throw for an error: one sentence that says what to do where a server cannot be reached, else the error itself. */
export function explainUnreachable(url: string, error: unknown): unknown {
	if (!isAerogramError(error) || error.status !== undefined) return error;
	if (error.code !== "network" && error.code !== "timeout") return error;
	const { code, message } = rootOf(error);
	if (/CERT|^UNABLE_TO_/.test(code)) {
		return new UnavailableError(
			`${url} is not trusted (${message}): name its authority with NODE_EXTRA_CA_CERTS=<data folder>/https/ca.pem.`,
		);
	}
	const advice = "is it running, and is this its URL? aerogram dev starts one on this machine.";
	return new UnavailableError(`${url} cannot be reached (${code || message}): ${advice}`);
}

/** What is at the bottom of an error: the system's own code says more than what was wrapped around it. */
function rootOf(error: Error): { readonly code: string; readonly message: string } {
	const { cause } = error;
	if (cause instanceof Error) return rootOf(cause);
	const code = "code" in error && !isAerogramError(error) ? String(error.code) : "";
	return { code, message: error.message.replace(/\.$/, "") };
}
