import { AerogramError } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { writeJson } from "../snapshot.ts";
import type { HttpOptions } from "./request.ts";
import type { HttpResponse } from "./response.ts";

/**
 * Sends a request. Rejects as the methods of `Http` do. What does the work is loaded at the first request: a page that
 * publishes and subscribes over a WebSocket makes none.
 */
export async function send(
	settings: Settings,
	method: string,
	path: string | URL,
	options: HttpOptions = {},
): Promise<HttpResponse> {
	// Before anything is waited for: the value may change.
	const text = options.json === undefined ? undefined : writeJson(options.json);
	const { sendRequest } = await loadHttp();
	return sendRequest(settings, { method, path, options, text });
}

/** What speaks HTTP. Rejects with `network` where it cannot be loaded. */
export function loadHttp() {
	return import("../over-http.ts").catch(notLoaded);
}

/** Throws what it means that a part of the SDK could not be loaded. */
export function notLoaded(cause: unknown): never {
	throw new AerogramError("network", "A part of the SDK could not be loaded.", { cause });
}
