import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { readFences } from "../helpers/protocol-blocks.ts";
import { replayHttp } from "../helpers/protocol-http-replay.ts";
import { replay, replayTcp } from "../helpers/protocol-replay.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/reference/protocol.md"), "utf8");
const live = readFences(page)
	.filter(({ kind }) => kind.endsWith(" live"))
	.map((fence) => ({ kind: fence.kind, line: fence.lines[0]?.number ?? 0, fence }));
let server: LocalServer;

beforeAll(async () => {
	server = await serveHere();
});

afterAll(() => server.stop());

describe("what docs/reference/protocol.md says that a server says, a server says", () => {
	test.each(live)("$kind, from line $line", async ({ kind, line, fence }) => {
		if (kind === "json live") await replay(fence, server, `page-${line}`);
		else if (/events|page/.test(kind)) await replayHttp(fence, server, `page-${line}`);
		else await replayTcp(fence, server);
	});
});
