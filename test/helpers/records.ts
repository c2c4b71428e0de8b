import { expect } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";

/** A record as the server answers it. */
export interface RecordBody<Data = Json> {
	readonly id: string;
	readonly rev: number;
	readonly updated: number;
	readonly expires?: number;
	readonly data: Data;
}

/** A page of a collection. */
export interface RecordsBody<Data = Json> {
	readonly epoch: string;
	readonly rev: number;
	readonly records: readonly RecordBody<Data>[];
	readonly next: string | null;
}

/** Sends JSON, or nothing where there is no value. */
export function sendJson(
	method: string,
	url: string,
	value?: unknown,
	headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
	if (value === undefined) return fetch(url, { method, headers });
	const body = typeof value === "string" ? value : JSON.stringify(value);
	return fetch(url, { method, headers: { "content-type": "application/json", ...headers }, body });
}

/** Sends a write that must be stored; resolves to the record and its ETag. */
export async function writeRecord<Data = Json>(
	method: string,
	url: string,
	value: unknown,
	headers: Readonly<Record<string, string>> = {},
): Promise<RecordBody<Data> & { readonly etag: string }> {
	const response = await sendJson(method, url, value, headers);
	const text = await response.text();
	expect([response.status, text]).toEqual([expect.toBeOneOf([200, 201]), expect.any(String)]);
	return { ...(JSON.parse(text) as RecordBody<Data>), etag: response.headers.get("etag") ?? "" };
}

/** All pages of a collection, by their `Link: rel="next"`; their `next` must say the same. */
export async function walkRecords(first: string): Promise<RecordsBody[]> {
	const pages: RecordsBody[] = [];
	for (let url: string | undefined = first; url !== undefined; ) {
		const response: Response = await fetch(url);
		expect(response.status).toBe(200);
		const page = (await response.json()) as RecordsBody;
		pages.push(page);
		const link = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
		url = link && new URL(link, url).href;
		expect(url === undefined ? null : new URL(url).searchParams.get("cursor")).toBe(page.next);
		if (pages.length > 2_000) throw new Error("the collection does not end");
	}
	return pages;
}
