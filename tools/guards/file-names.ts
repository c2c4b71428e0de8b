import { listFiles } from "./files.ts";
import type { Finding, Report } from "./guard.ts";

const kebab = /^\.?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/;

/** What names the language of a translation: `1-sockets.zh-CN.md`. */
const language = /\.[a-z]{2}-[A-Z]{2}(?=\.md$)/;

/** Files and folders are named in kebab-case; only in the root, and for a README, do tools ask for other names. */
export function checkFileNames(root: string): Report {
	const findings = listFiles(root).flatMap((path): Finding[] => {
		const names = path.split("/");
		const wrong = names.find((name) => !kebab.test(name.replace(language, "")));
		if (wrong === undefined || names.length === 1 || /^README(?:\.[\w-]+)?\.md$/.test(wrong)) return [];
		return [{ path, line: 0, text: `${wrong} is not kebab-case` }];
	});
	return { findings };
}
