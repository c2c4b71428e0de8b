import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UnavailableError } from "../usage-error.ts";
import { type Certified, type Circumstances, makeAuthority } from "./certificate.ts";

/** An authority that is kept in a folder. */
export interface KeptAuthority extends Certified {
	/** The file of its certificate: what a client is told to trust. */
	readonly file: string;
}

/** An authority is made anew when it would end within this time: a server's certificate may stand that long. */
const spare = 400 * 86_400_000;

/**
 * The authority of a data folder: the one that is kept there while it can be used, else a new one.
 *
 * @throws UnavailableError when the folder cannot be written.
 */
export async function keepAuthority(data: string, circumstances: Circumstances): Promise<KeptAuthority> {
	const folder = join(data, "https");
	const file = join(folder, "ca.pem");
	const keyFile = join(folder, "ca-key.pem");
	const kept = await read(file, keyFile);
	if (kept && isUsable(kept, circumstances.now)) return { ...kept, file };
	const authority = makeAuthority(circumstances);
	try {
		await mkdir(folder, { recursive: true, mode: 0o700 });
		// Whatever happens in between, a certificate is never left beside a key that is not its own.
		await rm(file, { force: true });
		await writePrivate(keyFile, authority.key);
		await writeFile(file, authority.certificate);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new UnavailableError(`The certificates cannot be kept in ${folder} (${reason}): choose another --data.`);
	}
	return { ...authority, file };
}

async function read(file: string, keyFile: string): Promise<Certified | undefined> {
	try {
		const [certificate, key] = await Promise.all([readFile(file, "utf8"), readFile(keyFile, "utf8")]);
		return { certificate, key };
	} catch {
		return undefined;
	}
}

/** Whether a certificate is an authority's, belongs to its key and stands long enough. Files may hold anything. */
function isUsable({ certificate, key }: Certified, now: number): boolean {
	try {
		const parsed = new X509Certificate(certificate);
		return parsed.ca && parsed.checkPrivateKey(createPrivateKey(key)) && Date.parse(parsed.validTo) > now + spare;
	} catch {
		return false;
	}
}

/** Written beside and moved into place: a file that was there would keep its own mode. */
async function writePrivate(file: string, text: string): Promise<void> {
	const fresh = `${file}.new`;
	await rm(fresh, { force: true });
	await writeFile(fresh, text, { mode: 0o600, flag: "wx" });
	await rename(fresh, file);
}
