import { describe, expect, test } from "vitest";
import { acceptedFormat, formatOf } from "../../../worker/http/formats.ts";

describe("the format of an answer is the one that Accept likes most", () => {
	test.each<[string | undefined, string | undefined]>([
		[undefined, "json"],
		["", "json"],
		[" , ,", "json"],
		["*/*", "json"],
		["application/*", "json"],
		["application/json", "json"],
		["APPLICATION/XML", "xml"],
		["application/xml; charset=utf-8", "xml"],
		["text/xml", "xml"],
		["application/msgpack", "msgpack"],
		["application/x-msgpack", "msgpack"],
		["application/vnd.msgpack", "msgpack"],
		["application/xml, application/json", "json"],
		["application/xml;q=0.9, application/json;q=0.8", "xml"],
		["application/json;q=0.5, application/msgpack", "msgpack"],
		["application/json;q=0.1, */*;q=0.2", "xml"],
		["application/xml, */*", "xml"],
		["application/xml;q=0.5, */*;q=0.5", "xml"],
		["*/*, application/json;q=0", "xml"],
		["*/*, application/json;q=0, application/xml;q=0", "msgpack"],
		["application/json;q=0, application/*;q=0.1", "xml"],
		["application/json, text/plain, */*", "json"],
		["text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "json"],
		["application/json;q=abc", "json"],
		["text/html", undefined],
		["text/*", undefined],
		["image/png, text/event-stream", undefined],
		["application/problem+json", undefined],
		["*/*;q=0", undefined],
		["application/json;q=0", undefined],
		["application/json;q=0.0, application/xml;q=0.000", undefined],
		["nonsense", undefined],
		[";;;", undefined],
		["application", undefined],
		["json", undefined],
		['"application/json"', undefined],
		["/", undefined],
	])("%j -> %s", (accept, format) => {
		expect(acceptedFormat(accept)).toBe(format);
	});
});

describe("the format of a body is told by its content type", () => {
	test.each<[string, string | undefined]>([
		["application/json", "json"],
		["application/vnd.github.v3+json", "json"],
		["application/merge-patch+json", "json"],
		["application/xml", "xml"],
		["text/xml", "xml"],
		["application/atom+xml", "xml"],
		["application/msgpack", "msgpack"],
		["application/x-msgpack", "msgpack"],
		["application/vnd.msgpack", "msgpack"],
		["", undefined],
		["json", undefined],
		["+json", undefined],
		["application/+json", undefined],
		["application/json5", undefined],
		["text/json", undefined],
		["text/plain", undefined],
		["application/x-www-form-urlencoded", undefined],
		["application/octet-stream", undefined],
		["a/b/c+json", undefined],
		["application/json x+xml", undefined],
	])("%j -> %s", (type, format) => {
		expect(formatOf(type)).toBe(format);
	});
});
