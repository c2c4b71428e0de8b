import type { Config } from "../config.ts";
import { type Env, isDevMode } from "../env.ts";
import { isLoopback } from "./loopback.ts";

/** Whether a page of an origin may make a request. */
export type OriginRule = (origin: string, request: Request, env: Env) => boolean;

/** As browsers write the origin of an app's pages (`capacitor://localhost`); what is of the web is held to more. */
const anyOrigin = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*A-Z]+$/;

/**
 * Who may, of pages: those of the listed origins, exactly, those of the server's own, and in dev mode those of this machine.
 *
 * @throws Error that names an origin of the list that no browser sends: it would let nobody in, or, as `null`, anybody.
 */
export function readOrigins({ origins = [] }: Pick<Config, "origins">): OriginRule {
	for (const origin of origins) {
		if (typeof origin === "string" && isOrigin(origin)) continue;
		throw new Error(
			`aerogram.config.ts: origins: ${JSON.stringify(origin)} is no origin as browsers send it: https://app.example.com, ` +
				"in lower case, beyond ASCII as xn--…, without a default port, without anything after it.",
		);
	}
	const listed = new Set(origins);
	return (origin, request, env) => listed.has(origin) || isOwnOrigin(origin, request, env);
}

function isOrigin(text: string): boolean {
	return /^https?:/.test(text) ? webOrigin(text) !== undefined : anyOrigin.test(text);
}

/** Whether a page was served by this server itself, or in dev mode by this machine. */
function isOwnOrigin(origin: string, request: Request, env: Env): boolean {
	const page = webOrigin(origin);
	if (!page) return false;
	if (isDevMode(env) && isLoopback(page.host)) return true;
	// In dev mode a host that is not this machine counts only where that mode is open to all.
	if (isDevMode(env) && env.AEROGRAM_DEV !== "unsafe-open") return false;
	const url = new URL(request.url);
	// Who ends TLS in front of the server makes https into http, and nobody the reverse: such a page was changed on its way.
	return (
		page.host === (request.headers.get("host") ?? url.host) && (page.protocol === "https:" || url.protocol === "http:")
	);
}

/** The origin of a page of the web, if it reads as browsers write it: without a user, a default port or a slash. */
function webOrigin(text: string): URL | undefined {
	const url = /^https?:\/\/[^/*]+$/.test(text) ? URL.parse(text) : null;
	return url?.origin === text ? url : undefined;
}
