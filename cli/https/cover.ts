import { randomBytes } from "node:crypto";
import { reachableAddress } from "../address.ts";
import { explainListen } from "../ports.ts";
import { UnavailableError } from "../usage-error.ts";
import { keepAuthority } from "./authority.ts";
import { makeServerCertificate } from "./certificate.ts";
import { type Door, openDoor } from "./door.ts";

/** A server that listens on a plain port of 127.0.0.1. */
interface PlainServer {
	readonly url: string;
	readonly data: string;
	close(): Promise<void>;
}

/** What TLS adds to it. */
interface Covered {
	/** The file of the authority's certificate. */
	readonly ca: string;
}

/**
 * Puts TLS in front of a server. Its certificate is made now and lives in
 * memory. For 127.0.0.1 it listens on ::1, too, because `localhost` may be either.
 *
 * @throws UnavailableError when the port or the data folder is not to be had; the server is closed then.
 */
export async function coverByTls<Plain extends PlainServer>(
	server: Plain,
	host: string,
	port: number,
): Promise<Plain & Covered> {
	try {
		const circumstances = { now: Date.now(), randomBytes };
		const authority = await keepAuthority(server.data, circumstances);
		const certified = makeServerCertificate(authority, host, circumstances);
		const addresses = host === "127.0.0.1" ? [host, "::1"] : [host];
		const target = Number(new URL(server.url).port);
		const door = await openDoor({ certified, addresses, port, target }).catch((error: unknown): Promise<Door> => {
			throw new UnavailableError(explainListen("--port", host, port, error));
		});
		return {
			...server,
			url: `https://${reachableAddress(host === "127.0.0.1" ? "localhost" : host, door.port)}`,
			ca: authority.file,
			async close() {
				await door.close();
				await server.close();
			},
		};
	} catch (error) {
		await server.close();
		throw error;
	}
}
