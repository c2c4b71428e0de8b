import type { Json } from "../envelopes.ts";
import { fail, type Result, succeed } from "../result.ts";

const firstSize = 1_024;

/**
 * Writes a value as MessagePack: whole numbers and lengths in their shortest form, other numbers as float 64, -0 among
 * them. As in JSON.stringify, members without a value are left out and numbers that are not finite are nil. Fault:
 * `not_json` for text with a lone surrogate, which UTF-8 cannot hold.
 */
export function encodeMessagePack(value: Json): Result<Uint8Array<ArrayBuffer>> {
	const writer = new Writer();
	return writer.value(value)
		? succeed(writer.bytes())
		: fail("not_json", "MessagePack cannot carry a lone surrogate: it is half a character. Ask for JSON or XML.");
}

class Writer {
	#bytes = new Uint8Array(firstSize);
	#view = new DataView(this.#bytes.buffer);
	#at = 0;
	readonly #utf8 = new TextEncoder();

	bytes(): Uint8Array<ArrayBuffer> {
		return this.#bytes.slice(0, this.#at);
	}

	/** Whether the value could be written. */
	value(value: Json): boolean {
		if (typeof value === "string") return this.#text(value);
		if (typeof value === "number") return this.#number(value);
		if (typeof value === "boolean") return this.#byte(value ? 0xc3 : 0xc2);
		if (value === null) return this.#byte(0xc0);
		if (isArray(value)) {
			this.#head(value.length, 0x90, 15, [undefined, 0xdc, 0xdd]);
			return value.every((item) => this.value(item));
		}
		const members = Object.entries(value).filter(([, member]) => member !== undefined);
		this.#head(members.length, 0x80, 15, [undefined, 0xde, 0xdf]);
		return members.every(([key, member]) => this.#text(key) && this.value(member));
	}

	#text(text: string): boolean {
		if (!text.isWellFormed()) return false;
		const bytes = this.#utf8.encode(text);
		this.#head(bytes.length, 0xa0, 31, [0xd9, 0xda, 0xdb]);
		this.#reserve(bytes.length);
		this.#bytes.set(bytes, this.#at);
		this.#at += bytes.length;
		return true;
	}

	#number(value: number): boolean {
		if (!Number.isFinite(value)) return this.#byte(0xc0);
		if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
			this.#reserve(9);
			this.#view.setUint8(this.#at, 0xcb);
			this.#view.setFloat64(this.#at + 1, value);
			this.#at += 9;
			return true;
		}
		if (value >= 0 ? value < 0x80 : value >= -0x20) return this.#byte(value & 0xff);
		const size = value >= 0 ? unsignedSize(value) : signedSize(value);
		this.#byte((value >= 0 ? 0xcc : 0xd0) + Math.log2(size));
		return this.#whole(value, size);
	}

	/** The type and length of a text, array or map: one byte where it fits, else a type for the size of the length. */
	#head(length: number, short: number, most: number, types: readonly (number | undefined)[]): void {
		if (length <= most) {
			this.#byte(short | length);
			return;
		}
		const index = length < 0x100 && types[0] !== undefined ? 0 : length < 0x10000 ? 1 : 2;
		this.#byte(types[index] ?? 0);
		this.#whole(length, 1 << index);
	}

	/** A whole number in `size` bytes; a negative one as its two's complement, which is what the setters write. */
	#whole(value: number, size: number): boolean {
		this.#reserve(size);
		if (size === 1) this.#view.setUint8(this.#at, value);
		else if (size === 2) this.#view.setUint16(this.#at, value);
		else if (size === 4) this.#view.setUint32(this.#at, value);
		else this.#view.setBigInt64(this.#at, BigInt(value));
		this.#at += size;
		return true;
	}

	#byte(byte: number): boolean {
		this.#reserve(1);
		this.#bytes[this.#at] = byte;
		this.#at += 1;
		return true;
	}

	#reserve(more: number): void {
		if (this.#at + more <= this.#bytes.length) return;
		const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + more));
		larger.set(this.#bytes);
		this.#bytes = larger;
		this.#view = new DataView(larger.buffer);
	}
}

function unsignedSize(value: number): number {
	return value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
}

function signedSize(value: number): number {
	return value >= -0x80 ? 1 : value >= -0x8000 ? 2 : value >= -0x80000000 ? 4 : 8;
}

function isArray(value: Json): value is readonly Json[] {
	return Array.isArray(value);
}
