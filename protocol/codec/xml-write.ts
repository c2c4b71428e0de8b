import type { Json } from "../envelopes.ts";
import { escapeForeign, isElementName, isXmlText } from "./xml-names.ts";

/**
 * Writes a value as one line of XML 1.0 without a prolog, from which `parseXml` reads the same value again:
 *
 * - A string is an element with its text: `<name>小飞机</name>`.
 * - A number, boolean or null says so: `<n type="number">1.5</n>`, `<b type="boolean">true</b>`, `<z type="null"/>`.
 * - An array is `<list type="array"><item>…</item></list>`; an object holds its members, and is
 *   `<o type="object"/>` when it has none.
 * - A member is an element named by its key where that is an XML name (without a colon, not starting with "xml"), else
 *   `<m k="any key">…</m>`.
 * - Text with characters that XML 1.0 cannot hold (U+0000, other controls, lone surrogates, U+FFFE, U+FFFF) has
 *   `type="escaped"`, such a key the attribute `e` in place of `k`: each such character reads `\uXXXX`, each backslash
 *   `\\`. Line ends are character references, because XML readers change them.
 *
 * As in JSON.stringify, members without a value are left out and numbers that are not finite are null; -0 is kept. A root
 * name that is no element name is written as `value`. The value is not deeper than `limits.depth`.
 */
export function writeXml(value: Json, rootName: string): string {
	return writeElement(isElementName(rootName) ? rootName : "value", "", value);
}

function writeElement(name: string, attributes: string, value: Json): string {
	if (typeof value === "string") {
		if (isXmlText(value)) return wrap(name, attributes, escapeText(value));
		return wrap(name, `${attributes} type="escaped"`, escapeText(escapeForeign(value)));
	}
	if (value === null || (typeof value === "number" && !Number.isFinite(value))) {
		return wrap(name, `${attributes} type="null"`, "");
	}
	if (typeof value === "number")
		return wrap(name, `${attributes} type="number"`, Object.is(value, -0) ? "-0" : `${value}`);
	if (typeof value === "boolean") return wrap(name, `${attributes} type="boolean"`, `${value}`);
	if (isArray(value)) {
		const items = value.map((item) => writeElement("item", "", item));
		return wrap(name, `${attributes} type="array"`, items.join(""));
	}
	const members = Object.entries(value).filter(([, member]) => member !== undefined);
	if (members.length === 0) return wrap(name, `${attributes} type="object"`, "");
	return wrap(name, attributes, members.map(([key, member]) => writeMember(key, member)).join(""));
}

function writeMember(key: string, value: Json): string {
	if (isElementName(key)) return writeElement(key, "", value);
	if (isXmlText(key)) return writeElement("m", ` k="${escapeAttribute(key)}"`, value);
	return writeElement("m", ` e="${escapeAttribute(escapeForeign(key))}"`, value);
}

function wrap(name: string, attributes: string, content: string): string {
	return content === "" ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

const references: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"\t": "&#9;",
	"\n": "&#10;",
	"\r": "&#13;",
};

function escapeText(text: string): string {
	return text.replace(/[&<>\n\r]/g, (found) => references[found] ?? "");
}

function escapeAttribute(text: string): string {
	return text.replace(/[&<>"\t\n\r]/g, (found) => references[found] ?? "");
}

function isArray(value: Json): value is readonly Json[] {
	return Array.isArray(value);
}
