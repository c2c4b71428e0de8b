import { describe, expect, test } from "vitest";
import { parseXml, writeXml } from "../../../protocol/codec/xml.ts";
import type { Json } from "../../../protocol/envelopes.ts";
import { limits } from "../../../protocol/limits.ts";

describe("XML as a beginner writes it", () => {
	const exchange = { name: "小飞机", message: "你好,服务器!" };

	test.each([
		"<exchange><name>小飞机</name><message>你好,服务器!</message></exchange>",
		"<anything>\n  <name>小飞机</name>\r\n\t<message>你好,服务器!</message>\n</anything>\n",
		'<?xml version="1.0" encoding="UTF-8"?>\n<a><name>小飞机</name><message>你好,服务器!</message></a>',
		"<?xml version='1.0' encoding='utf-8' standalone='yes'?><a><name>小飞机</name><message>你好,服务器!</message></a>",
		"\ufeff<a><!-- who --><name>小飞机</name><!-- what --><message>你好,服务器!</message></a><!-- end -->",
		"<a><name><![CDATA[小飞机]]></name><message>你好,<!-- so -->服务器<?go on?>!</message></a>",
		"<a><name>&#23567;&#x98de;&#x673A;</name><message>你好,服务器&#0000033;</message></a >",
		'<a xmlns="urn:a" xmlns:b="urn:b" xml:lang="zh"><name>小飞机</name ><message type="string">你好,服务器!</message></a>',
	])("is read as strings: %j", (text) => {
		expect(parseXml(text)).toEqual({ ok: true, value: exchange });
	});

	test.each<[string, Json]>([
		["<a/>", ""],
		["<a></a>", ""],
		["<a><!-- nothing --></a>", ""],
		["<a> x  y </a>", " x  y "],
		["<a>\r\n\r</a>", "\n\n"],
		["<a>\u3000</a>", "\u3000"],
		["<a>1</a>", "1"],
		["<a>&lt;&gt;&amp;&quot;&apos;&#13;&#10;</a>", "<>&\"'\r\n"],
		["<a><![CDATA[<b>&amp;]]]]><![CDATA[></b>]]></a>", "<b>&amp;]]></b>"],
		["<a>]]&gt;</a>", "]]>"],
		["<名字>x</名字>", "x"],
		["<a><b:c>x</b:c></a>", { "b:c": "x" }],
		['<a><m k="a&#9;&lt;&quot;b">x</m><m>y</m></a>', { 'a\t<"b': "x", m: "y" }],
		["<a><m k='a\tb\nc'>x</m></a>", { "a b c": "x" }],
		['<a type = "array"> <x>1</x> <y type="number"> 2 </y> <y/> </a>', ["1", 2, ""]],
		['<a><b type="boolean"> true\n</b><c type="null"> </c><d type="object"> </d></a>', { b: true, c: null, d: {} }],
		['<a type="escaped">\\u0000\\\\u\\uD800</a>', "\0\\u\ud800"],
		['<a><m e="\\u0000">x</m></a>', { "\0": "x" }],
	])("%j is a value of its own", (text, value) => {
		expect(parseXml(text)).toEqual({ ok: true, value });
	});
});

describe("a value", () => {
	test.each<[Json, string]>([
		["小飞机", "<v>小飞机</v>"],
		["", "<v/>"],
		[" a\tb\nc\rd ", "<v> a\tb&#10;c&#13;d </v>"],
		["<&>]]>\"'", "<v>&lt;&amp;&gt;]]&gt;\"'</v>"],
		["\0", '<v type="escaped">\\u0000</v>'],
		["\\\u001b\ud800\uffff", '<v type="escaped">\\\\\\u001b\\ud800\\uffff</v>'],
		["\\u0000", "<v>\\u0000</v>"],
		["😀\u007f\u0085\u2028\ufeff", "<v>😀\u007f\u0085\u2028\ufeff</v>"],
		[1.5, '<v type="number">1.5</v>'],
		[-0, '<v type="number">-0</v>'],
		[1e21, '<v type="number">1e+21</v>'],
		[true, '<v type="boolean">true</v>'],
		[null, '<v type="null"/>'],
		[[], '<v type="array"/>'],
		[[[]], '<v type="array"><item type="array"/></v>'],
		[["a", null], '<v type="array"><item>a</item><item type="null"/></v>'],
		[{}, '<v type="object"/>'],
		[{ a: {} }, '<v><a type="object"/></v>'],
		[{ 名字: "x", _: "" }, "<v><名字>x</名字><_/></v>"],
		[{ "": "x" }, '<v><m k="">x</m></v>'],
		[{ "a b": "x" }, '<v><m k="a b">x</m></v>'],
		[{ "1": "x" }, '<v><m k="1">x</m></v>'],
		[{ "a:b": "x", xmlA: "y", XML: "" }, '<v><m k="a:b">x</m><m k="xmlA">y</m><m k="XML"/></v>'],
		[
			{ '\t\n\r"<&>': [1] },
			'<v><m k="&#9;&#10;&#13;&quot;&lt;&amp;&gt;" type="array"><item type="number">1</item></m></v>',
		],
		[{ "\0\\": "x" }, '<v><m e="\\u0000\\\\">x</m></v>'],
		[{ m: "x", k: "y", e: "", type: "z", item: [] }, '<v><m>x</m><k>y</k><e/><type>z</type><item type="array"/></v>'],
		[
			{ constructor: "x", hasOwnProperty: "y" },
			"<v><constructor>x</constructor><hasOwnProperty>y</hasOwnProperty></v>",
		],
	])("%j is written on one line and reads again the same", (value, text) => {
		expect(writeXml(value, "v")).toBe(text);
		expect(parseXml(text)).toEqual({ ok: true, value });
	});

	test('with a member "__proto__" keeps it as its own and leaves every other object alone', () => {
		const before = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
		const value = JSON.parse('{"__proto__":{"polluted":"yes"},"a":{"__proto__":null}}') as Json;
		const text = writeXml(value, "v");
		expect(text).toBe('<v><__proto__><polluted>yes</polluted></__proto__><a><__proto__ type="null"/></a></v>');
		const read = parseXml(text);
		expect(read.ok && JSON.stringify(read.value)).toBe(JSON.stringify(value));
		expect(read.ok && Object.getPrototypeOf(read.value)).toBe(Object.prototype);
		expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(before);
	});

	test("without I-JSON form is written as JSON.stringify would", () => {
		const value = { a: undefined, b: Number.NaN, c: [Infinity] } as unknown as Json;
		expect(writeXml(value, "v")).toBe('<v><b type="null"/><c type="array"><item type="null"/></c></v>');
		expect(writeXml("x", "not a name")).toBe("<value>x</value>");
	});

	test.each([
		(inner: Json): Json => [inner],
		(inner: Json): Json => ({ a: inner }),
		(inner: Json): Json => ({ "": inner }),
	])("may be as deep as JSON may be, and no deeper", (wrap) => {
		let value: Json = "x";
		for (let depth = 0; depth < limits.depth; depth++) value = wrap(value);
		expect(parseXml(writeXml(value, "v"))).toEqual({ ok: true, value });
		expect(parseXml(writeXml(wrap(value), "v"))).toMatchObject({ fault: { code: "too_deep" } });
		let empty: Json = [];
		for (let depth = 1; depth < limits.depth; depth++) empty = wrap(empty);
		expect(parseXml(writeXml(empty, "v"))).toEqual({ ok: true, value: empty });
		expect(parseXml(writeXml(wrap(empty), "v"))).toMatchObject({ fault: { code: "too_deep" } });
	});

	test("may be read deeper, where more stands around it", () => {
		const text = `<a>${"<b>".repeat(limits.depth + 1)}x${"</b>".repeat(limits.depth + 1)}</a>`;
		expect(parseXml(text)).toMatchObject({ fault: { code: "too_deep" } });
		expect(parseXml(text, limits.depth + 1).ok).toBe(true);
		expect(parseXml("<a><b><c/></b></a>", 1)).toMatchObject({ fault: { code: "too_deep" } });
	});
});
