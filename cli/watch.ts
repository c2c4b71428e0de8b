import { type FSWatcher, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Folders whose files end up in the Worker, below the project folder. */
const sources = ["worker", "protocol", "sdk", "console"];

/** The one file above them that does, too. */
const configuration = "aerogram.config.ts";

/** Editors and git touch several files in one go, milliseconds apart; they are one change. */
const settle = 40;

/**
 * Calls `changed` after files of the Worker changed, and again after what changed meanwhile, never twice at a time.
 * What is generated is not a source. Folders are watched one by one: a watch on a folder sees every way in which editors
 * replace files, and new folders are found at the next change.
 *
 * @returns a function that ends the watch.
 */
export async function watchSources(root: string, changed: () => Promise<void>): Promise<() => void> {
	const watchers = new Map<string, FSWatcher>();
	let timer: NodeJS.Timeout | undefined;
	let running = false;
	let again = false;

	function touch(): void {
		clearTimeout(timer);
		timer = setTimeout(() => void run(), settle);
	}

	async function run(): Promise<void> {
		if (running) {
			again = true;
			return;
		}
		running = true;
		do {
			again = false;
			await watchFolders();
			await changed();
		} while (again);
		running = false;
	}

	async function watchFolders(): Promise<void> {
		for (const folder of await findFolders(root)) {
			if (watchers.has(folder)) continue;
			const watcher = watch(folder, touch);
			watchers.set(folder, watcher);
			watcher.on("error", () => {
				// The folder is gone; if it comes back, the next change finds it.
				watcher.close();
				watchers.delete(folder);
			});
		}
	}

	await watchFolders();
	const top = watch(root, (_, name) => {
		if (name === configuration || sources.includes(String(name))) touch();
	});
	return () => {
		clearTimeout(timer);
		top.close();
		for (const watcher of watchers.values()) watcher.close();
	};
}

async function findFolders(root: string): Promise<string[]> {
	const lists = await Promise.all(
		sources.map(async (source) => {
			const top = join(root, source);
			const below = await readdir(top, { withFileTypes: true, recursive: true }).catch(() => undefined);
			if (below === undefined) return [];
			const folders = below.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
			return [top, ...folders];
		}),
	);
	const generated = join(root, "worker", "generated");
	return lists.flat().filter((folder) => folder !== generated);
}
