import { expect } from "vitest";
import { writeJson } from "../../protocol/codec/json.ts";
import { encodeMessagePack } from "../../protocol/codec/msgpack.ts";
import { writeXml } from "../../protocol/codec/xml.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { readBodyValue } from "./openapi/bodies.ts";

/** The formats of bodies, by their content types. */
export const contentTypes = {
	JSON: "application/json",
	XML: "application/xml",
	MessagePack: "application/msgpack",
} as const;

/** A format of bodies. */
export type Format = keyof typeof contentTypes;

/** All of them. */
export const formats = Object.keys(contentTypes) as readonly Format[];

/** Writes a value in a format. Unlike JSON.stringify, -0 stays what it is. */
export function encodeBody(value: Json, format: Format): string | Uint8Array<ArrayBuffer> {
	if (format === "XML") return writeXml(value, "sent");
	if (format === "JSON") return writeJson(value);
	const bytes = encodeMessagePack(value);
	if (!bytes.ok) throw new Error(bytes.fault.message);
	return new Uint8Array(bytes.value);
}

/** A row once for each format that is accepted, and where it has a body for each in which that is sent. */
export function inEachFormat<Row extends { readonly route: string; readonly body?: Json }>(rows: readonly Row[]) {
	return rows.flatMap((row) =>
		(row.body === undefined ? formats.slice(0, 1) : formats).flatMap((sent) =>
			formats.map((accepted) => ({
				...row,
				sent,
				accepted,
				title: row.body === undefined ? row.route : `${row.route} takes ${sent} and`,
			})),
		),
	);
}

/** Sends a value in one format and asks for the answer in another. */
export function send(
	url: string,
	method: string,
	value: Json | undefined,
	format: Format,
	accept: Format,
	headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
	const wanted = { ...headers, accept: contentTypes[accept] };
	if (value === undefined) return fetch(url, { method, headers: wanted });
	const body = encodeBody(value, format);
	return fetch(url, { method, headers: { ...wanted, "content-type": contentTypes[format] }, body });
}

/** The content type of a response, without its parameters. */
export function typeOf(response: Response): string | undefined {
	return response.headers.get("content-type")?.split(";", 1)[0];
}

/** Reads the value of an answer, which must be in this format. */
export async function readAs(response: Response, format: Format): Promise<Json> {
	const bytes = new Uint8Array(await response.arrayBuffer());
	expect([typeOf(response), new TextDecoder().decode(bytes)]).toEqual([contentTypes[format], expect.anything()]);
	const read = readBodyValue(contentTypes[format], bytes);
	if (!read) throw new Error(`${format} carries no values`);
	return read.value;
}
