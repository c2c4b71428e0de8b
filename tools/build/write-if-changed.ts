import { readFile, rename, writeFile } from "node:fs/promises";

/**
 * Writes a file unless it holds that text already: what watches it is not woken for nothing. It is replaced at once, so
 * that a reader beside us never sees half of it.
 */
export async function writeIfChanged(path: string, text: string): Promise<void> {
	const before = await readFile(path, "utf8").catch(() => undefined);
	if (before === text) return;
	const temporary = `${path}.${process.pid}.tmp`;
	await writeFile(temporary, text);
	await rename(temporary, path);
}
