import type { Context } from "hono";
import { parseJson } from "../../protocol/codec/json.ts";
import { decodeMessagePack, encodeMessagePack } from "../../protocol/codec/msgpack.ts";
import { parseXml } from "../../protocol/codec/xml.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { fail, type Result } from "../../protocol/result.ts";
import { answersValue, operationAt } from "../openapi/describe.ts";
import { answerFormat, type Format, formatOf } from "./formats.ts";
import { Problem, problemOf } from "./problem.ts";
import type { App } from "./types.ts";

/**
 * Reads a body by its Content-Type: JSON, XML or MessagePack. `around` is how many levels stand around the data in it: 1
 * where it is a member of an object, 0 where the body is the data, 3 in a list of items; a list around that is one more.
 *
 * Throws a `Problem`: `unsupported_media_type`, `too_big` (whatever its length header said), `bad_encoding`, `malformed`,
 * `too_deep`, `not_json`; and `not_acceptable`, before anything is stored, where there is an answer that could not be given
 * in a format that is asked for.
 */
export async function readBody(context: Context<App>, around: 0 | 1 | 3 = 1): Promise<Json> {
	// Nobody stores what it could not tell of; a route that tells nothing asks for no format to do so.
	const operation = operationAt(context);
	const accepted = operation && !answersValue(operation) ? undefined : answerFormat(context);
	const format = readFormat(context);
	if (!format) {
		throw new Problem(
			"unsupported_media_type",
			"Send JSON, XML or MessagePack, and say which: Content-Type: application/json, application/xml or application/msgpack.",
		);
	}
	const most = limits.depth + around;
	const read = await decode(context.req.raw, format, most + 1);
	if (!read.ok) throw problemOf(read.fault);
	if (!Array.isArray(read.value) && isDeeper(read.value, most)) {
		throw problemOf(fail("too_deep", `Arrays and objects may stand at most ${most} deep inside one another.`).fault);
	}
	if (format !== "msgpack" && accepted === "msgpack") {
		const carried = encodeMessagePack(read.value);
		if (!carried.ok) throw new Problem("not_acceptable", `MessagePack cannot carry this. ${carried.fault.message}`);
	}
	return read.value;
}

/** Reads a JSON body as it stands, for who parses it elsewhere. Throws a `Problem` as `readBody`, for what is not JSON text. */
export async function readJsonText(context: Context<App>): Promise<string> {
	if (readFormat(context) !== "json") {
		throw new Problem("unsupported_media_type", "Send JSON with the header Content-Type: application/json.");
	}
	return readText(context.req.raw);
}

function readFormat(context: Context<App>): Format | undefined {
	const { format, charset } = readContentType(context.req.header("content-type") ?? "");
	if (format && (context.req.header("content-encoding") ?? "identity").toLowerCase() !== "identity") {
		throw new Problem("unsupported_media_type", "Send the body as it is, not compressed.");
	}
	if (format && format !== "msgpack" && !/^(?:utf-?8|us-ascii)?$/.test(charset)) throw badEncoding();
	return format;
}

/** Two headers of that name come joined by a comma: they say nothing that could be followed. */
function readContentType(header: string): { readonly format: Format | undefined; readonly charset: string } {
	const [type = "", ...parameters] = header.includes(",") ? [] : header.split(";").map((part) => part.trim());
	const charset = parameters.map((text) => /^charset=("?)(.*)\1$/i.exec(text)?.[2]).find((text) => text !== undefined);
	return { format: formatOf(type.toLowerCase()), charset: charset?.toLowerCase() ?? "" };
}

async function decode(request: Request, format: Format, depth: number): Promise<Result<Json>> {
	switch (format) {
		case "json":
			return parseJson(await readText(request), depth);
		case "xml":
			return parseXml(await readText(request), depth);
		case "msgpack":
			return decodeMessagePack(await readBytes(request), depth);
	}
}

function isDeeper(value: Json, most: number): boolean {
	if (typeof value !== "object" || value === null) return false;
	return most === 0 || Object.values(value).some((member) => isDeeper(member, most - 1));
}

async function readText(request: Request): Promise<string> {
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
	const decode = (chunk?: Uint8Array) => {
		try {
			return decoder.decode(chunk, { stream: chunk !== undefined });
		} catch {
			throw badEncoding();
		}
	};
	let text = "";
	for await (const chunk of chunks(request)) text += decode(chunk);
	return text + decode();
}

async function readBytes(request: Request): Promise<Uint8Array> {
	const read: Uint8Array[] = [];
	for await (const chunk of chunks(request)) read.push(chunk);
	const bytes = new Uint8Array(read.reduce((size, chunk) => size + chunk.byteLength, 0));
	let at = 0;
	for (const chunk of read) {
		bytes.set(chunk, at);
		at += chunk.byteLength;
	}
	return bytes;
}

/**
 * The chunks of a body, as they come; who stops before its end leaves the rest unread. Throws a `Problem`: `too_big`, and
 * `malformed` where the transfer breaks off.
 */
async function* chunks(request: Request): AsyncGenerator<Uint8Array> {
	const tooBig = new Problem("too_big", `A body may be at most ${limits.bodyBytes} bytes.`);
	if (Number(request.headers.get("content-length") ?? 0) > limits.bodyBytes) throw tooBig;
	const reader = request.body?.getReader();
	if (!reader) return;
	let size = 0;
	try {
		for (;;) {
			const { done, value } = await reader.read().catch(brokenOff);
			if (done) return;
			size += value.byteLength;
			if (size > limits.bodyBytes) throw tooBig;
			yield value;
		}
	} finally {
		reader.releaseLock();
	}
}

function brokenOff(): never {
	throw new Problem("malformed", "The body broke off before its end, or its chunks cannot be told apart.");
}

function badEncoding(): Problem {
	return new Problem("bad_encoding", "The body is not UTF-8; send UTF-8.");
}
