import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Report } from "./guard.ts";

/** What a page loads to subscribe and to publish: the whole SDK, minified, by gzip -9. */
const mostBytes = 12_288;
const entry = "sdk/index.ts";

/** The SDK for browsers stays within 12 kB. Notes its size. */
export async function checkSdkSize(root: string): Promise<Report> {
	if (!existsSync(join(root, entry))) return { findings: [{ path: entry, line: 0, text: "is missing" }] };
	const { outputFiles } = await build({
		absWorkingDir: root,
		entryPoints: [entry],
		bundle: true,
		minify: true,
		format: "esm",
		platform: "browser",
		target: "es2022",
		write: false,
		logLevel: "silent",
	});
	const raw = outputFiles[0]?.contents ?? new Uint8Array();
	const bytes = gzipSync(raw, { level: 9 }).byteLength;
	const note = `${bytes} bytes by gzip of ${mostBytes} (${raw.byteLength} minified)`;
	return bytes > mostBytes
		? { findings: [{ path: entry, line: 0, text: `is too big for a page: ${note}` }], note }
		: { findings: [], note };
}
