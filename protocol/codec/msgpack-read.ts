import type { Json } from "../envelopes.ts";
import { limits } from "../limits.ts";
import { type Fault, fail, type Result, succeed } from "../result.ts";
import { isCarriedNumber } from "./json.ts";

/** Up to so many bytes, plain ASCII is read faster here than by the platform's decoder. */
const shortText = 24;

/**
 * Reads one MessagePack value (https://github.com/msgpack/msgpack/blob/master/spec.md) that takes all the bytes, as the
 * same values that JSON has. Faults: `not_json` for what JSON cannot carry (bin, ext, NaN, infinities, whole numbers
 * beyond 2^53, keys that are no text), `too_deep`, `bad_encoding` for text that is not UTF-8, `malformed` for the rest.
 * A key that comes twice has its last value, as in JSON. A length is believed only as far as there are bytes for it, so
 * that a few bytes never take much memory. The caller has bounded the bytes.
 */
export function decodeMessagePack(bytes: Uint8Array, depth: number = limits.depth): Result<Json> {
	return new Reader(bytes, depth).run();
}

class Reader {
	readonly #bytes: Uint8Array;
	readonly #view: DataView;
	readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
	#depth: number;
	#at = 0;
	/** Set once; from then on every read gives null, and what was built is thrown away. */
	#fault: Fault | undefined;

	constructor(bytes: Uint8Array, depth: number) {
		this.#bytes = bytes;
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.#depth = depth;
	}

	run(): Result<Json> {
		const value = this.#value();
		if (!this.#fault && this.#at < this.#bytes.length) this.#refuse("malformed", "More bytes follow the value");
		return this.#fault ? { ok: false, fault: this.#fault } : succeed(value);
	}

	#value(): Json {
		const type = this.#unsigned(1);
		if (type < 0x80) return type;
		if (type < 0x90) return this.#map(type & 0x0f);
		if (type < 0xa0) return this.#array(type & 0x0f);
		if (type < 0xc0) return this.#text(type & 0x1f);
		if (type >= 0xe0) return type - 0x100;
		switch (type) {
			case 0xc0:
				return null;
			case 0xc2:
				return false;
			case 0xc3:
				return true;
			case 0xca:
				return this.#number(this.#take(4) ? this.#view.getFloat32(this.#at - 4) : 0);
			case 0xcb:
				return this.#number(this.#take(8) ? this.#view.getFloat64(this.#at - 8) : 0);
			case 0xcc:
			case 0xcd:
			case 0xce:
			case 0xcf:
				return this.#number(this.#unsigned(1 << (type - 0xcc)));
			case 0xd0:
			case 0xd1:
			case 0xd2:
			case 0xd3:
				return this.#number(this.#signed(1 << (type - 0xd0)));
			case 0xd9:
			case 0xda:
			case 0xdb:
				return this.#text(this.#unsigned(1 << (type - 0xd9)));
			case 0xdc:
			case 0xdd:
				return this.#array(this.#unsigned(2 << (type - 0xdc)));
			case 0xde:
			case 0xdf:
				return this.#map(this.#unsigned(2 << (type - 0xde)));
			case 0xc1:
				return this.#refuse("malformed", "The byte c1 starts no value");
			default:
				return this.#refuse("not_json", "Binary and extension types cannot be carried as JSON: send text");
		}
	}

	#array(count: number): Json {
		const items: Json[] = [];
		if (!this.#enter(count)) return null;
		for (let index = 0; index < count && !this.#fault; index++) items.push(this.#value());
		this.#depth += 1;
		return items;
	}

	#map(count: number): Json {
		const members: { [key: string]: Json } = {};
		if (!this.#enter(2 * count)) return null;
		for (let index = 0; index < count && !this.#fault; index++) {
			const key = this.#value();
			if (typeof key !== "string") return this.#refuse("not_json", "The keys of a map are text");
			const value = this.#value();
			// An assignment would set the prototype of the object in place of a member.
			if (key === "__proto__") {
				Object.defineProperty(members, key, { value, enumerable: true, configurable: true, writable: true });
			} else {
				members[key] = value;
			}
		}
		this.#depth += 1;
		return members;
	}

	/** Whether so many values may follow, one level deeper. Each takes at least one byte. */
	#enter(values: number): boolean {
		this.#depth -= 1;
		if (this.#depth < 0) this.#refuse("too_deep", "Arrays and maps stand too deep inside one another");
		if (values > this.#bytes.length - this.#at) this.#cut();
		return !this.#fault;
	}

	#text(length: number): Json {
		const from = this.#at;
		if (!this.#take(length)) return null;
		if (length <= shortText) {
			let text = "";
			for (let index = from; index < this.#at; index++) {
				const byte = this.#bytes[index] ?? 0;
				if (byte >= 0x80) return this.#decode(from);
				text += String.fromCharCode(byte);
			}
			return text;
		}
		return this.#decode(from);
	}

	#decode(from: number): Json {
		try {
			return this.#utf8.decode(this.#bytes.subarray(from, this.#at));
		} catch {
			return this.#refuse("bad_encoding", "A text is not UTF-8");
		}
	}

	#number(value: number): Json {
		return isCarriedNumber(value)
			? value
			: this.#refuse("not_json", "A number is finite and not beyond 2^53; send any other as text");
	}

	#unsigned(size: number): number {
		if (!this.#take(size)) return 0;
		const at = this.#at - size;
		if (size === 1) return this.#view.getUint8(at);
		if (size === 2) return this.#view.getUint16(at);
		return size === 4 ? this.#view.getUint32(at) : Number(this.#view.getBigUint64(at));
	}

	#signed(size: number): number {
		if (!this.#take(size)) return 0;
		const at = this.#at - size;
		if (size === 1) return this.#view.getInt8(at);
		if (size === 2) return this.#view.getInt16(at);
		return size === 4 ? this.#view.getInt32(at) : Number(this.#view.getBigInt64(at));
	}

	#take(count: number): boolean {
		if (count > this.#bytes.length - this.#at) this.#cut();
		else this.#at += count;
		return !this.#fault;
	}

	#cut(): void {
		this.#refuse("malformed", "The bytes end inside a value");
	}

	#refuse(code: "malformed" | "not_json" | "too_deep" | "bad_encoding", what: string): null {
		this.#fault ??= fail(code, `This MessagePack cannot be taken. ${what}.`).fault;
		return null;
	}
}
