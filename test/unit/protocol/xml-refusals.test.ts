import { describe, expect, test } from "vitest";
import { parseXml } from "../../../protocol/codec/xml.ts";
import { requestLimits } from "../../../protocol/limits.ts";

function code(text: string): string {
	const read = parseXml(text);
	return read.ok ? `read as ${JSON.stringify(read.value)}` : read.fault.code;
}

describe("a document that is not well formed", () => {
	test.each([
		"",
		" ",
		"hello",
		"<!-- only -->",
		"<",
		"<a",
		"<a>",
		"<a>x",
		"<a></b>",
		"<a><b></a></b>",
		"<a><b></a>",
		"</a>",
		"<a/></a>",
		"<a/><b/>",
		"<a/>x",
		"x<a/>",
		"<a/>&#32;",
		"<![CDATA[x]]><a/>",
		"<a/ >",
		"< a/>",
		"<1a/>",
		"<a b/>",
		"<a b=1/>",
		'<a type="string" type="string"/>',
		'<a type="string"xmlns="x"/>',
		'<a type="<"/>',
		'<a type="string/>',
		"<a>1 < 2</a>",
		"<a>x]]>y</a>",
		"<a>R&D</a>",
		"<a>&</a>",
		"<a>&nbsp;</a>",
		"<a>&AMP;</a>",
		"<a>&amp</a>",
		"<a>&#;</a>",
		"<a>&#x;</a>",
		"<a>&#X41;</a>",
		"<a>&#0;</a>",
		"<a>&#11;</a>",
		"<a>&#xD800;</a>",
		"<a>&#xFFFF;</a>",
		"<a>&#x110000;</a>",
		"<a>&#99999999999999999999999;</a>",
		'<a xmlns="&#0;"/>',
		"<a>\0</a>",
		"<a>\u001b</a>",
		"<a>\ud800</a>",
		"<a>\uffff</a>",
		"<a><!-- -- --></a>",
		"<a><!-- ---></a>",
		"<a><!-- </a>",
		"<a><![CDATA[ </a>",
		"<a><![cdata[x]]></a>",
		"<a><?x </a>",
		"<a><??></a>",
		"<a><?xml version='1.0'?></a>",
		" <?xml version='1.0'?><a/>",
		"<?xml?><a/>",
		"<?xml version='2.0'?><a/>",
		"<?xml encoding='UTF-8' version='1.0'?><a/>",
		'<a type="escaped">\\x</a>',
		'<a type="escaped">\\u12</a>',
		'<a type="escaped">\\</a>',
		'<a><m e="\\"/></a>',
	])("is malformed: %j", (text) => {
		expect(code(text)).toBe("malformed");
	});

	test.each([
		"<!DOCTYPE a><a/>",
		'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
		'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
		'<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]><a>&c;</a>',
		'<a><!ENTITY b SYSTEM "http://127.0.0.1/"></a>',
		"<a><!ELEMENT b ANY></a>",
	])("has a DTD, which is never read: %j", (text) => {
		expect(code(text)).toBe("malformed");
	});
});

describe("a document that has no place in the mapping", () => {
	test.each([
		"<a>text<b/></a>",
		"<a><b/>text</a>",
		"<a><b/><![CDATA[text]]></a>",
		'<a type="array">text</a>',
		'<a type="object">text</a>',
		"<a><b>1</b><b>2</b></a>",
		'<a><b/><m k="b"/></a>',
		'<a><m k="x"/><m e="x"/></a>',
		'<a id="1"/>',
		'<a k="b"/>',
		'<a><m k="x" e="x"/></a>',
		'<a type="date">x</a>',
		'<a type="__proto__">x</a>',
		'<a type="string"><b/></a>',
		'<a type="number"><b/></a>',
		'<a type="null">x</a>',
		'<a type="boolean">TRUE</a>',
		'<a type="boolean"/>',
		'<a type="number"/>',
		'<a type="number">NaN</a>',
		'<a type="number">Infinity</a>',
		'<a type="number">1e400</a>',
		'<a type="number">9007199254740992</a>',
		'<a type="number">12345678901234567890</a>',
		'<a type="number">1e20</a>',
		'<a type="number">0x10</a>',
		'<a type="number">01</a>',
		'<a type="number">+1</a>',
		'<a type="number">.5</a>',
		'<a type="number">1 2</a>',
		'<a type="number">１</a>',
		'<a type="number">\u30001</a>',
	])("is refused and not converted: %j", (text) => {
		expect(code(text)).toBe("not_json");
	});

	test("is refused when its declaration names another encoding than the one it is read as", () => {
		expect(code('<?xml version="1.0" encoding="GBK"?><a/>')).toBe("bad_encoding");
		expect(code('<?xml version="1.0" encoding="US-ASCII"?><a/>')).toBe('read as ""');
	});

	test("is refused above the limits of elements and attributes, and read at them", () => {
		const list = (elements: number) => `<a type="array">${"<b/>".repeat(elements - 1)}</a>`;
		expect(parseXml(list(requestLimits.xmlElements)).ok).toBe(true);
		expect(code(list(requestLimits.xmlElements + 1))).toBe("too_big");
		const attributes = (count: number) => Array.from({ length: count }, (_, index) => ` xmlns:a${index}="x"`).join("");
		expect(code(`<a${attributes(requestLimits.xmlAttributes)}/>`)).toBe('read as ""');
		expect(code(`<a${attributes(requestLimits.xmlAttributes + 1)}/>`)).toBe("too_big");
	});

	test("is refused for its depth before its end is looked at", () => {
		expect(code("<a>".repeat(40))).toBe("too_deep");
		expect(code("<a>".repeat(20_000))).toBe("too_deep");
	});
});
