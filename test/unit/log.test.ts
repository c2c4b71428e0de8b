import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { logText } from "../../cli/log-text.ts";
import { failureLine, readLogLine, requestLine } from "../../protocol/log.ts";

const request = {
	request: "1f0c",
	method: "GET",
	route: "/v1/spaces/{space}",
	space: "team",
	status: 403,
	code: "forbidden",
	ms: 3,
	principal: "ada",
} as const;

describe("a line of the log", () => {
	test.each([
		'a\n{"event":"request","status":200}',
		"a\r\nb",
		"a\u2028b\u2029c",
		"a\u0085b",
		"\u001b[2J\u001b]0;owned\u0007",
		"\u202egnp.exe",
		"\0\b\f\v\x7f",
		"\ud800",
	])("is one line of plain ASCII whatever it tells of: %j", (text) => {
		for (const line of [
			requestLine({ ...request, method: text, principal: text }),
			failureLine(text, new Error(text), text),
			failureLine("hook", text),
		]) {
			expect(line).toMatch(/^[\x20-\x7e]+$/);
			expect(readLogLine(line)).toBeDefined();
		}
		expect(readLogLine(requestLine({ ...request, principal: text }))).toMatchObject({ principal: text });
	});

	test("has an end, however long what it tells of is", () => {
		const long = "é".repeat(1_000_000);
		const error = new Error(long);
		error.stack = `Error: ${long}\n${"    at é (worker.js:1:1)\n".repeat(100_000)}`;
		expect(failureLine(long, error, long).length).toBeLessThan(40_000);
		expect(requestLine({ ...request, method: long, principal: long }).length).toBeLessThan(10_000);
	});

	test("tells where something was thrown, and nothing of what could not be parsed", () => {
		const thrown = (() => {
			try {
				return JSON.parse('{"data":secret}');
			} catch (error) {
				return error;
			}
		})();
		const line = failureLine("a request", thrown);
		expect(line).toMatch(/"error":"SyntaxError","stack":"at .*log\.test\.ts/);
		expect(line).not.toMatch(/secret/);
		expect(readLogLine(failureLine("a job", new TypeError("words")))).toMatchObject({
			error: "TypeError: words",
			stack: expect.stringMatching(/^at /),
		});
	});

	test("can be made of whatever is thrown", () => {
		expect(failureLine("hook", Object.create(null))).toBe('{"event":"failure","what":"hook","error":"object"}');
		expect(failureLine("hook", null)).toBe('{"event":"failure","what":"hook","error":"null"}');
		expect(failureLine("hook")).toBe('{"event":"failure","what":"hook"}');
	});
});

describe("a person reads", () => {
	test("a request as one line", () => {
		expect(logText(requestLine(request))).toBe("GET /v1/spaces/team 403 3 ms ada forbidden (1f0c)");
	});

	test("a failure with its stack, and no character that a terminal would obey", () => {
		const error = new Error("a\u001b[2J");
		error.stack = `Error: ${error.message}\n    at one\n    at two`;
		expect(logText(failureLine("a job", error))).toBe("failed: a job: Error: a\\u001b[2J\n    at one\n    at two");
	});

	test.each(["Something else.", '{"event":"request",', "{}"])("anything else as it is: %s", (line) => {
		expect(logText(line)).toBe(line);
	});
});

test("the Worker writes nothing to its log but such lines", () => {
	const files = globSync("worker/**/*.ts");
	const calls = files.flatMap((file) => readFileSync(file, "utf8").match(/console\.[\s\S]{0,60}/g) ?? []);
	expect(calls.length).toBeGreaterThan(10);
	for (const call of calls) expect(call).toMatch(/^console\.(?:error\(\s*failureLine\(|log\(\s*requestLine\()/);
});
