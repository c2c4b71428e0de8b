import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildSdk } from "../build/sdk.ts";
import type { Report } from "./guard.ts";

/** What a page loads to subscribe, to publish and to use collections: minified, by gzip -9. */
const mostBytes = 14_336;
const entry = "sdk/index.ts";

/** The SDK for browsers stays within 14 kB. Notes its size, and that of what it loads only when it is needed. */
export async function checkSdkSize(root: string): Promise<Report> {
	if (!existsSync(join(root, entry))) return { findings: [{ path: entry, line: 0, text: "is missing" }] };
	const { main, http, live } = await buildSdk(root);
	const bytes = zippedBytes(main);
	const size = `${bytes} bytes by gzip of ${mostBytes} (${Buffer.byteLength(main)} minified)`;
	const note = `${size}; when needed aerogram-http.js: ${zippedBytes(http)}, aerogram-live.js: ${zippedBytes(live)}`;
	return bytes > mostBytes
		? { findings: [{ path: entry, line: 0, text: `is too big for a page: ${size}` }], note }
		: { findings: [], note };
}

function zippedBytes(text: string): number {
	return gzipSync(text, { level: 9 }).byteLength;
}
