import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UnavailableError } from "./usage-error.ts";

/** A data folder that this process alone may use, until it ends. */
export interface DataFolder {
	/** Its absolute path. */
	readonly path: string;
	/** Gives the folder up; a second time it does nothing. */
	release(): void;
}

/**
 * Creates the data folder and takes it: two servers on one folder would each hold its own idea of what the last message
 * was. SQLite's lock is one of the operating system, so it ends with this process, however that ends.
 *
 * @throws UnavailableError when the folder cannot be made, or another server uses it.
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
	const path = resolve(folder);
	let lock: DatabaseSync;
	try {
		await mkdir(path, { recursive: true });
		lock = new DatabaseSync(join(path, "lock"));
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new UnavailableError(`The data folder ${path} cannot be used (${reason}): choose another with --data.`);
	}
	try {
		lock.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
	} catch {
		lock.close();
		throw new UnavailableError(
			`The data folder ${path} is used by another server: stop that one, or choose another folder with --data.`,
		);
	}
	return {
		path,
		release() {
			if (lock.isOpen) lock.close();
		},
	};
}
