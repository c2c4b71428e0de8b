import type { Json } from "../envelopes.ts";
import { limits } from "../limits.ts";
import { type Fault, fail, type Result, succeed } from "../result.ts";
import { isCarried } from "./json.ts";
import { unescapeForeign } from "./xml-names.ts";
import { scanXml, type XmlHandler } from "./xml-scan.ts";

const types = ["string", "escaped", "number", "boolean", "null", "array", "object"] as const;
type XmlType = (typeof types)[number];

/** An element that is open. */
interface Frame {
	readonly key: string;
	readonly type: XmlType | undefined;
	text: string;
	/** Those of an array. */
	readonly items: Json[];
	/** Those of an object. */
	readonly members: Map<string, Json>;
	children: boolean;
}

// Anchored at both ends, so that long runs of white space are passed once.
const numberPattern = /^[ \t\n\r]*(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)[ \t\n\r]*$/;
const booleanPattern = /^[ \t\n\r]*(true|false)[ \t\n\r]*$/;

/**
 * Reads an XML document as a value, by the mapping that `writeXml` writes:
 *
 * - The root element is the value; its name is free.
 * - An element without a `type` is an object when it holds elements, else a string: its text, exactly as it stands.
 * - A member of an object is an element named by its key, or `<m k="any key">`.
 * - `type="number"`, `"boolean"` and `"null"` say what the text is; `type="array"` takes its elements, whatever their
 *   names, as items; `type="object"` is for `{}`; `type="string"` may be said.
 * - `type="escaped"` is a string, and `<m e="…">` a key, in which `\uXXXX` stands for what XML cannot hold and `\\` for a
 *   backslash.
 * - White space between the elements of an array or object, comments, processing instructions and attributes of XML
 *   itself (`xmlns`, `xml:lang` …) are left out.
 *
 * Nothing is lost silently. Faults: `malformed` for what is not well formed, or has a DOCTYPE or an unknown entity;
 * `not_json` for what has no place in the mapping (text beside elements, other attributes, a member twice, a number
 * beyond 2^53); `too_deep`; `too_big` above those of `requestLimits`; `bad_encoding` where the declaration names another encoding.
 * The caller has bounded the text's length. `depth` is as with `parseJson`.
 */
export function parseXml(text: string, depth: number = limits.depth): Result<Json> {
	const builder = new Builder(depth);
	const fault = scanXml(text, builder);
	return fault ? { ok: false, fault } : succeed(builder.root);
}

class Builder implements XmlHandler {
	root: Json = "";
	readonly #most: number;
	readonly #stack: Frame[] = [];

	constructor(most: number) {
		this.#most = most;
	}

	open(name: string, attributes: ReadonlyMap<string, string>): Fault | undefined {
		const parent = this.#stack.at(-1);
		if (parent) {
			if (parent.type !== undefined && parent.type !== "array" && parent.type !== "object") {
				return notJson(`An element of type ${parent.type} holds elements`);
			}
			if (!isBlank(parent.text)) return textBesideElements();
			parent.text = "";
			parent.children = true;
		}
		const read = readAttributes(name, attributes);
		if (!read.ok) return read.fault;
		const { key, type } = read.value;
		if (parent && parent.type !== "array" && parent.members.has(key)) {
			return notJson('An object has a member twice; a list is an element with type="array"');
		}
		const container = type === "array" || type === "object";
		if (this.#stack.length + (container ? 1 : 0) > this.#most) {
			return fail("too_deep", `Arrays and objects may stand at most ${this.#most} deep inside one another.`).fault;
		}
		this.#stack.push({ key, type, text: "", items: [], members: new Map(), children: false });
		return undefined;
	}

	text(text: string): Fault | undefined {
		const frame = this.#stack.at(-1);
		if (!frame) return undefined;
		if (!frame.children) frame.text += text;
		else if (!isBlank(text)) return textBesideElements();
		return undefined;
	}

	close(): Fault | undefined {
		const frame = this.#stack.pop();
		if (!frame) return undefined;
		const value = readValue(frame);
		if (!value.ok) return value.fault;
		const parent = this.#stack.at(-1);
		if (!parent) this.root = value.value;
		else if (parent.type === "array") parent.items.push(value.value);
		else parent.members.set(frame.key, value.value);
		return undefined;
	}
}

function readAttributes(name: string, attributes: ReadonlyMap<string, string>) {
	let key = name;
	let type: XmlType | undefined;
	for (const [attribute, text] of attributes) {
		if (attribute === "type") {
			type = types.find((known) => known === text);
			if (type === undefined) return fail("not_json", `The attribute type reads one of ${types.join(", ")}.`);
		} else if (name === "m" && attribute === "k" && !attributes.has("e")) {
			key = text;
		} else if (name === "m" && attribute === "e" && !attributes.has("k")) {
			const plain = unescapeForeign(text);
			if (plain === undefined) return badEscape();
			key = plain;
		} else if (!/^xml(?:ns$|ns:|:)/.test(attribute)) {
			return fail("not_json", "An attribute cannot be carried as JSON: make it an element.");
		}
	}
	return succeed({ key, type });
}

function readValue(frame: Frame): Result<Json> {
	const { text, type } = frame;
	switch (type ?? (frame.children ? "object" : "string")) {
		case "string":
			return succeed(text);
		case "escaped": {
			const plain = unescapeForeign(text);
			return plain === undefined ? badEscape() : succeed(plain);
		}
		case "number": {
			const literal = numberPattern.exec(text)?.[1];
			if (literal !== undefined && isCarried(literal)) return succeed(Number(literal));
			return fail("not_json", "A number reads as in JSON, and not beyond 2^53; send any other as a string.");
		}
		case "boolean": {
			const word = booleanPattern.exec(text)?.[1];
			return word === undefined ? fail("not_json", "A boolean reads true or false.") : succeed(word === "true");
		}
		case "null":
			return isBlank(text) ? succeed(null) : fail("not_json", "An element of type null is empty.");
		case "array":
			return isBlank(text) ? succeed(frame.items) : { ok: false, fault: textBesideElements() };
		case "object":
			// fromEntries defines own properties: a member "__proto__" is one like any other.
			return isBlank(text) ? succeed(Object.fromEntries(frame.members)) : { ok: false, fault: textBesideElements() };
	}
}

function isBlank(text: string): boolean {
	return !/[^ \t\n\r]/.test(text);
}

function textBesideElements(): Fault {
	return notJson("Text stands beside elements");
}

function notJson(what: string): Fault {
	return fail("not_json", `${what}.`).fault;
}

function badEscape() {
	return fail("malformed", "In escaped text a backslash is followed by another one, or by u and four digits.");
}
