import config from "../../aerogram.config.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import { type Env, isDevMode } from "../env.ts";

/** Who a request speaks for, or why it may not. */
export type Access =
	| { readonly ok: true; readonly principal: string }
	| { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Whether a host, with or without a port, is this machine: `localhost`, 127.0.0.0/8 or ::1. */
export function isLoopback(host: string): boolean {
	const name = host
		.replace(/:\d+$/, "")
		.replace(/^\[(.*)\]$/, "$1")
		.toLowerCase();
	return name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/**
 * Decides who may come in. Dev mode answers only to loopback names, because a web page can point a name of its own at
 * 127.0.0.1 (DNS rebinding); and only to origins of this machine, because any web page can open a socket to it.
 */
export function access(request: Request, env: Env): Access {
	const host = request.headers.get("host") ?? new URL(request.url).host;
	const open = env.AEROGRAM_DEV === "unsafe-open";
	if (!isDevMode(env)) {
		return refused(
			"not_configured",
			"This server is closed: AEROGRAM_DEV is not set. `npm run dev` sets it; keys for a deployed server do not exist yet.",
		);
	}
	if (!open && !isLoopback(host)) {
		return refused("not_configured", "Dev mode answers only to names of this machine: use localhost or 127.0.0.1.");
	}
	const origin = request.headers.get("origin");
	if (origin !== null && !isAllowedOrigin(origin, open ? host : undefined)) {
		return refused("forbidden", "Pages of this origin may not connect; `origins` in aerogram.config.ts lists who may.");
	}
	return { ok: true, principal: "anonymous" };
}

/** Whether a page of this origin may connect: one of this machine, of `host` itself, or listed in the config. */
export function isAllowedOrigin(origin: string, host?: string): boolean {
	if (config.origins?.includes(origin)) return true;
	const url = /^https?:\/\/[^/]+$/.test(origin) ? URL.parse(origin) : null;
	return url !== null && (isLoopback(url.host) || url.host === host);
}

function refused(code: ErrorCode, message: string): Access {
	return { ok: false, code, message };
}
