// The productions NameStartChar and NameChar of XML 1.0 (fifth edition, section 2.3), without the colon.
const nameStart =
	"A-Z_a-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F" +
	"\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}";
const nameRest = `${nameStart}\\-.0-9\\u00B7\\u0300-\\u036F\\u203F\\u2040`;

/** An XML name anywhere in a text, as the source of a regular expression with the flag `u`. Colons are allowed. */
export const xmlNameSource = `[:${nameStart}][:${nameRest}]*`;

const elementNamePattern = new RegExp(`^[${nameStart}][${nameRest}]*$`, "u");

/**
 * Whether a key can be the name of an element as it is. Names with a colon cannot (readers that know namespaces look for
 * a declaration of the prefix), nor names that start with "xml", which XML 1.0 section 2.3 reserves.
 */
export function isElementName(key: string): boolean {
	return elementNamePattern.test(key) && !/^xml/i.test(key);
}

// The production Char of XML 1.0 section 2.2, negated. With the flag `u` a lone surrogate is a character of its own.
const foreignCharacter = "[^\\t\\n\\r\\u0020-\\uD7FF\\uE000-\\uFFFD\\u{10000}-\\u{10FFFF}]";
const foreignPattern = new RegExp(foreignCharacter, "u");
const escapablePattern = new RegExp(`${foreignCharacter}|\\\\`, "gu");

/** Whether a text is made only of characters that XML 1.0 can hold. */
export function isXmlText(text: string): boolean {
	return !foreignPattern.test(text);
}

/** Writes what XML 1.0 cannot hold as a backslash, `u` and four hexadecimal digits, and a backslash as two. */
export function escapeForeign(text: string): string {
	return text.replace(escapablePattern, (found) =>
		found === "\\" ? "\\\\" : `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

/** Undoes `escapeForeign`; undefined where a backslash is followed by anything else. */
export function unescapeForeign(text: string): string | undefined {
	let whole = true;
	const plain = text.replace(/\\(?:u([0-9a-fA-F]{4})|(\\))?/g, (_, hexadecimal?: string, backslash?: string) => {
		whole &&= hexadecimal !== undefined || backslash !== undefined;
		return hexadecimal === undefined ? "\\" : String.fromCharCode(Number.parseInt(hexadecimal, 16));
	});
	return whole ? plain : undefined;
}
