import { afterEach, beforeEach, expect, type MockInstance, test, vi } from "vitest";
import { readLogLine } from "../../../protocol/log.ts";
import { createApp } from "../../../worker/app.ts";
import type { Env } from "../../../worker/env.ts";

const app = createApp();
let written: MockInstance<typeof console.log>;

beforeEach(() => {
	written = vi.spyOn(console, "log").mockImplementation(() => {});
});
afterEach(() => written.mockRestore());

async function linesOf(env: Partial<Env>, requests: readonly Request[]): Promise<readonly unknown[]> {
	for (const request of requests) await app.fetch(request, { AEROGRAM_DEV: "1", ...env } as Env);
	return written.mock.calls.map(([line]) => readLogLine(line));
}

const ask = (path: string, headers: Record<string, string> = {}) =>
	new Request(`http://localhost:8787${path}`, { headers });
const requests = [
	ask("/health"),
	ask("/nothing?ticket=x"),
	ask("/v1/spaces/a%0Ab"),
	ask("/health", { host: "evil.example" }),
];

test("each request is one line", async () => {
	expect(await linesOf({}, requests)).toMatchObject([
		{ method: "GET", route: "/health", status: 200 },
		{ route: "/*", status: 404, code: "not_found" },
		{ route: "/v1/spaces/{space}", status: 400, code: "bad_name", principal: "anonymous" },
		{ route: "/health", status: 503, code: "not_configured" },
	]);
	expect(JSON.stringify(written.mock.calls)).not.toMatch(/ticket|0A|evil/);
});

test("with AEROGRAM_LOG=failures one that fails in the server alone", async () => {
	expect(await linesOf({ AEROGRAM_LOG: "failures" }, requests)).toMatchObject([{ status: 503 }]);
});
