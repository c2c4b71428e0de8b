import { describe, expect, test } from "vitest";
import { canonicalPath } from "../../../worker/http/canonical.ts";
import { allowedMethods } from "../../../worker/http/methods.ts";

describe("the canonical form of a path", () => {
	test.each([
		["/", "/"],
		["//", "/"],
		["/health", "/health"],
		["/health/", "/health"],
		["/health///", "/health"],
		["//v1//spaces", "/v1/spaces"],
		["/v1/sp%61ces/%7Ea%2Db", "/v1/spaces/~a-b"],
		["/v1/spaces/a%3Ab", "/v1/spaces/a%3Ab"],
		["/v1/spaces/a%2Fb", "/v1/spaces/a%2Fb"],
		["/v1/spaces/a%2fb", "/v1/spaces/a%2fb"],
		["/v1/spaces/%25%36%31", "/v1/spaces/%2561"],
		["/v1/spaces/%E5%B0%8F", "/v1/spaces/%E5%B0%8F"],
		["/v1/spaces/%zz%4", "/v1/spaces/%zz%4"],
	])("of %s is %s", (path, canonical) => {
		expect(canonicalPath(path)).toBe(canonical);
		expect(canonicalPath(canonical)).toBe(canonical);
	});
});

test("a path takes the methods of its routes, HEAD with GET, and OPTIONS", () => {
	const routes = [
		{ method: "ALL", path: "/*" },
		{ method: "GET", path: "/things/:thing" },
		{ method: "PUT", path: "/things/:thing" },
		{ method: "POST", path: "/things" },
	];
	expect(allowedMethods(routes, "/things/a")).toEqual(["GET", "PUT", "HEAD", "OPTIONS"]);
	expect(allowedMethods(routes, "/things")).toEqual(["POST", "OPTIONS"]);
	expect(allowedMethods(routes, "/things/")).toEqual([]);
	expect(allowedMethods(routes, "/things/a/b")).toEqual([]);
	expect(allowedMethods(routes, "/other")).toEqual([]);
});
