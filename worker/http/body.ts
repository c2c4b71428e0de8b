import { isList, parseJson } from "../../protocol/codec/json.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { Problem, problemOf } from "./problem.ts";

/**
 * Reads a JSON body. Throws a `Problem`: `unsupported_media_type`, `too_big` (whatever its length
 * header said), `bad_encoding`, or what `parseJson` finds.
 */
export async function readJson(request: Request): Promise<{ readonly value: Json; readonly text: string }> {
	const type = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
	if (type !== "application/json" && !type.endsWith("+json")) {
		throw new Problem("unsupported_media_type", "Send JSON with the header Content-Type: application/json.");
	}
	if ((request.headers.get("content-encoding") ?? "identity") !== "identity") {
		throw new Problem("unsupported_media_type", "Send the body as it is, not compressed.");
	}
	const text = await readText(request);
	// The data of a publish stands in an object, and that perhaps in a list.
	const parsed = parseJson(text, limits.depth + (isList(text) ? 2 : 1));
	if (!parsed.ok) throw problemOf(parsed.fault);
	return { value: parsed.value, text };
}

/**
 * How much of a body that is too big is read and dropped. A connection that ends while its client still writes looks to
 * most of them like a network failure, and the answer that says what is wrong is lost.
 */
const droppedBytes = 16 * limits.bodyBytes;

async function readText(request: Request): Promise<string> {
	const tooBig = new Problem("too_big", `A body may be at most ${limits.bodyBytes} bytes.`);
	if (Number(request.headers.get("content-length") ?? 0) > droppedBytes) throw tooBig;
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
	let text = "";
	let size = 0;
	try {
		for await (const chunk of request.body ?? []) {
			size += chunk.byteLength;
			if (size > droppedBytes) throw tooBig;
			if (size <= limits.bodyBytes) text += decoder.decode(chunk, { stream: true });
		}
		if (size > limits.bodyBytes) throw tooBig;
		return text + decoder.decode();
	} catch (error) {
		if (error instanceof TypeError) throw new Problem("bad_encoding", "The body is not UTF-8; send UTF-8.");
		throw error;
	}
}
