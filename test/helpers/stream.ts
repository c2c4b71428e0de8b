import { type StreamItem, StreamSplitter } from "../../protocol/codec/stream.ts";

/** A text as UTF-8. */
export function bytesOf(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

/** What a splitter gives for these chunks and the end of the connection. */
export function splitAll(chunks: readonly Uint8Array[]): StreamItem[] {
	const splitter = new StreamSplitter();
	return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

/** What a splitter gives for the bytes cut in two at each place, in three around each byte, and one by one. */
export function* splitAtEveryByte(bytes: Uint8Array): Generator<StreamItem[]> {
	for (let at = 0; at <= bytes.length; at++) {
		yield splitAll([bytes.subarray(0, at), bytes.subarray(at)]);
		yield splitAll([bytes.subarray(0, at), bytes.subarray(at, at + 1), bytes.subarray(at + 1)]);
	}
	yield splitAll(Array.from(bytes, (byte) => Uint8Array.of(byte)));
}

/** "ok" for a value, and the code of each fault, with a ! when it is fatal. */
export function codesOf(items: readonly StreamItem[]): string[] {
	return items.map((item) => (item.ok ? "ok" : `${item.fault.code}${item.fatal ? "!" : ""}`));
}
