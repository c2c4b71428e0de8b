import { requestLimits } from "../limits.ts";
import { type Fault, fail } from "../result.ts";
import { isXmlText, xmlNameSource } from "./xml-names.ts";

/** What `scanXml` tells of a document, in its order. A fault that is returned ends the scan. */
export interface XmlHandler {
	open(name: string, attributes: ReadonlyMap<string, string>): Fault | undefined;
	/** Text or CDATA, with its entities replaced. One run of text may come in several calls. */
	text(text: string): Fault | undefined;
	close(): Fault | undefined;
}

const namePattern = new RegExp(xmlNameSource, "uy");
const attributePattern = new RegExp(`[ \\t\\n]+(${xmlNameSource})[ \\t\\n]*=[ \\t\\n]*(?:"([^<"]*)"|'([^<']*)')`, "uy");
const tagEndPattern = /[ \t\n]*(\/?)>/y;
const closeTagPattern = new RegExp(`</(${xmlNameSource})[ \\t\\n]*>`, "uy");
const declarationPattern =
	/<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(["'])1\.\d+\1(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(["'])([A-Za-z][\w.-]*)\2)?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(["'])(?:yes|no)\4)?[ \t\n]*\?>/y;
const referencePattern = /&(?:#x([0-9a-fA-F]+)|#(\d+)|(amp|lt|gt|quot|apos));/g;
const strayPattern = /&(?!(?:#x[0-9a-fA-F]+|#\d+|amp|lt|gt|quot|apos);)/;
const predefined: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Reads a document of XML 1.0 from its first character to its last, without recursion and in linear time, and tells the
 * handler what it holds. Comments and processing instructions are left out; line ends are LF (section 2.11). Namespaces
 * are not resolved. A DTD is refused, so no entity but the five predefined ones and numbers can exist.
 */
export function scanXml(text: string, handler: XmlHandler): Fault | undefined {
	if (!isXmlText(text)) return malformed("It holds a character that XML 1.0 does not allow");
	return new Scanner(text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n"), handler).run();
}

class Scanner {
	readonly #text: string;
	readonly #handler: XmlHandler;
	readonly #open: string[] = [];
	#at = 0;
	#elements = 0;

	constructor(text: string, handler: XmlHandler) {
		this.#text = text;
		this.#handler = handler;
	}

	run(): Fault | undefined {
		let fault = this.#declaration();
		while (!fault && this.#at < this.#text.length) {
			fault = this.#text.startsWith("<", this.#at) ? this.#markup() : this.#characters();
		}
		if (fault) return fault;
		if (this.#open.length > 0) return malformed("It ends before its root element is closed");
		return this.#elements === 0 ? malformed("It holds no element") : undefined;
	}

	#declaration(): Fault | undefined {
		if (!/^<\?xml[ \t\n]/.test(this.#text)) return undefined;
		const found = this.#match(declarationPattern);
		if (!found) return malformed("Its XML declaration cannot be read");
		const encoding = found[3];
		if (encoding === undefined || /^(?:utf-?8|us-ascii)$/i.test(encoding)) return undefined;
		return fail("bad_encoding", "The XML declaration names another encoding: send UTF-8 and say so, or leave it out.")
			.fault;
	}

	#markup(): Fault | undefined {
		const { at, text } = { at: this.#at, text: this.#text };
		if (text.startsWith("</", at)) return this.#closeTag();
		if (text.startsWith("<!--", at)) {
			const body = this.#until("<!--", "-->");
			return body === undefined || body.includes("--") || body.endsWith("-")
				? malformed("A comment does not end, or holds two hyphens")
				: undefined;
		}
		if (text.startsWith("<![CDATA[", at)) {
			const body = this.#until("<![CDATA[", "]]>");
			if (body === undefined || this.#open.length === 0) return malformed("A CDATA section is not inside an element");
			return this.#handler.text(body);
		}
		if (text.startsWith("<!", at)) return malformed("A DOCTYPE, or anything else of a DTD, is not read here");
		if (text.startsWith("<?", at)) {
			const body = this.#until("<?", "?>");
			const target = body === undefined ? undefined : nameAt(body, 0);
			const rest = target === undefined ? undefined : body?.slice(target.length);
			return target === undefined || /^xml$/i.test(target) || (rest && !/^[ \t\n]/.test(rest))
				? malformed("A processing instruction is broken, or an XML declaration stands in the middle")
				: undefined;
		}
		return this.#openTag();
	}

	#openTag(): Fault | undefined {
		const name = nameAt(this.#text, this.#at + 1);
		if (name === undefined) return malformed("A < is followed by something that is no name; in text it reads &lt;");
		if (this.#open.length === 0 && this.#elements > 0) return malformed("It has more than one root element");
		this.#elements += 1;
		if (this.#elements > requestLimits.xmlElements) {
			return fail("too_big", `An XML document may hold at most ${requestLimits.xmlElements} elements.`).fault;
		}
		this.#at += 1 + name.length;
		const attributes = new Map<string, string>();
		for (let found = this.#match(attributePattern); found; found = this.#match(attributePattern)) {
			const key = found[1] ?? "";
			const value = replaceReferences((found[2] ?? found[3] ?? "").replace(/[\t\n]/g, " "));
			if (value === undefined) return unknownReference();
			if (attributes.has(key)) return malformed("An element has an attribute twice");
			if (attributes.size === requestLimits.xmlAttributes) {
				return fail("too_big", `An XML element may have at most ${requestLimits.xmlAttributes} attributes.`).fault;
			}
			attributes.set(key, value);
		}
		const end = this.#match(tagEndPattern);
		if (!end) return malformed('A tag does not end, or an attribute does not read name="value"');
		const fault = this.#handler.open(name, attributes);
		if (fault) return fault;
		if (end[1] === "/") return this.#handler.close();
		this.#open.push(name);
		return undefined;
	}

	#closeTag(): Fault | undefined {
		const found = this.#match(closeTagPattern);
		if (!found || found[1] !== this.#open.pop())
			return malformed("An end tag does not belong to the element that is open");
		return this.#handler.close();
	}

	#characters(): Fault | undefined {
		const next = this.#text.indexOf("<", this.#at);
		const raw = this.#text.slice(this.#at, next === -1 ? undefined : next);
		this.#at += raw.length;
		if (this.#open.length === 0) {
			return /[^ \t\n]/.test(raw) ? malformed("Text stands outside the root element") : undefined;
		}
		if (raw.includes("]]>")) return malformed("Text holds ]]>, which reads ]]&gt;");
		const text = replaceReferences(raw);
		return text === undefined ? unknownReference() : this.#handler.text(text);
	}

	/** What stands between `start`, which is here, and the next `end`; moves behind it. Undefined where there is no end. */
	#until(start: string, end: string): string | undefined {
		const from = this.#at + start.length;
		const to = this.#text.indexOf(end, from);
		if (to === -1) return undefined;
		this.#at = to + end.length;
		return this.#text.slice(from, to);
	}

	#match(pattern: RegExp): RegExpExecArray | null {
		pattern.lastIndex = this.#at;
		const found = pattern.exec(this.#text);
		if (found) this.#at = pattern.lastIndex;
		return found;
	}
}

function nameAt(text: string, at: number): string | undefined {
	namePattern.lastIndex = at;
	return namePattern.exec(text)?.[0];
}

function replaceReferences(text: string): string | undefined {
	if (!text.includes("&")) return text;
	if (strayPattern.test(text)) return undefined;
	let known = true;
	const replaced = text.replace(referencePattern, (_, hexadecimal?: string, decimal?: string, name?: string) => {
		if (name !== undefined) return predefined[name] ?? "";
		const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
		const character = code <= 0x10ffff ? String.fromCodePoint(code) : "\0";
		known &&= isXmlText(character);
		return character;
	});
	return known ? replaced : undefined;
}

function unknownReference(): Fault {
	return malformed("An & starts no known reference; in text it reads &amp;");
}

function malformed(what: string): Fault {
	return fail("malformed", `This is not the XML that is read here. ${what}.`).fault;
}
