import type { CollectionRecord, JsonObject } from "../sdk/index.ts";

/** A record as the commands print it: one line of JSON, its ETag without the quotes that a shell would take for its own. */
export function recordLine({ etag, ...record }: CollectionRecord): string {
	return JSON.stringify({ ...record, etag: bareEtag(etag) });
}

/** An ETag without its quotes: `<epoch>:<rev>`. */
export function bareEtag(etag: string): string {
	return etag.replace(/^"(.*)"$/, "$1");
}

/** An ETag as HTTP takes it, from one that was given with quotes or without. */
export function quotedEtag(etag: string | undefined): string | undefined {
	return etag === undefined || etag === "*" ? etag : `"${bareEtag(etag)}"`;
}

/** Whether a value can be the data of a record, or a patch of it: a JSON object. */
export function isObject(value: unknown): value is JsonObject {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
