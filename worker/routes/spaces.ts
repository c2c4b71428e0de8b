import { Hono } from "hono";
import { requestLimits } from "../../protocol/limits.ts";
import { answer } from "../http/answer.ts";
import { readPathName } from "../http/names.ts";
import { needAll } from "../http/rights.ts";
import { listSpaces, spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { spaceOperations } from "../openapi/operations/spaces.ts";

/** The spaces: list, one, wipe. */
export const spaces = new Hono<App>()
	.get("/", describe(spaceOperations.list), async (context) => {
		needAll(context, "admin", "**/*/**");
		const names = await listSpaces(context.env, context.req.query("after") ?? "", requestLimits.listed);
		const next = names.length === requestLimits.listed ? names.at(-1) : undefined;
		return answer(context, { status: 200, root: "spaces", value: { spaces: names, ...(next && { next }) } });
	})
	.get("/:space", describe(spaceOperations.read), async (context) => {
		const space = readPathName(context, "space");
		needAll(context, "admin", `${space}/*/**`);
		const info = await spaceStub(context.env, space).info();
		return answer(context, { status: 200, root: "space", value: { ...info } });
	})
	.delete("/:space", describe(spaceOperations.wipe), async (context) => {
		const space = readPathName(context, "space");
		needAll(context, "admin", `${space}/*/**`);
		await spaceStub(context.env, space).wipe();
		return context.body(null, 204);
	});
