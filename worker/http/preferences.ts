import type { Context } from "hono";
import type { App } from "./types.ts";

/** Whether a request prefers to be answered at once: `Prefer: respond-async` (RFC 7240, section 4.1). */
export function prefersAsync(context: Context<App>): boolean {
	const preferences = (context.req.header("prefer") ?? "").split(",").map((one) => one.split(/[;=]/, 1)[0]?.trim());
	return preferences.some((name) => name?.toLowerCase() === "respond-async");
}
