import type { Settings } from "../settings.ts";
import type { HttpOptions } from "./request.ts";
import type { HttpResponse } from "./response.ts";
import { send } from "./send.ts";

/**
 * HTTP requests to any route of the server. Paths are those of the reference, such as `/v1/spaces`, below the URL that
 * the client was made with; one of another origin is refused.
 *
 * What the server refuses rejects with an `AerogramError` with its `code`, `status` and, where it says them, `state`,
 * `etag` and `retryAfter`. Besides: `timeout`, `network` (not reached, or an answer that is not of an Aerogram server),
 * `closed` after the client's `close()`, `bad_request` and `not_json` before anything is sent, and the reason of `signal`.
 *
 * A request is sent again after a back-off when nothing answered in time, and for 429, 408 and the 5xx that can pass, no
 * earlier than the server's `Retry-After`. So that this is safe, every write carries an `idempotency-key`: one per call.
 */
export class Http {
	readonly #settings: Settings;

	constructor(settings: Settings) {
		this.#settings = settings;
	}

	/** Sends a request of any method. `Data` is what the answer's body holds. */
	request<Data = unknown>(method: string, path: string | URL, options?: HttpOptions): Promise<HttpResponse<Data>> {
		return send(this.#settings, method.toUpperCase(), path, options) as Promise<HttpResponse<Data>>;
	}

	/** Reads. */
	get<Data = unknown>(path: string | URL, options?: HttpOptions): Promise<HttpResponse<Data>> {
		return this.request("GET", path, options);
	}

	/** Reads the headers alone. */
	head(path: string | URL, options?: HttpOptions): Promise<HttpResponse<undefined>> {
		return this.request("HEAD", path, options);
	}

	/** Adds, or asks for something to be done. */
	post<Data = unknown>(path: string | URL, options?: HttpOptions): Promise<HttpResponse<Data>> {
		return this.request("POST", path, options);
	}

	/** Writes what is at a path. */
	put<Data = unknown>(path: string | URL, options?: HttpOptions): Promise<HttpResponse<Data>> {
		return this.request("PUT", path, options);
	}

	/** Changes a part of what is at a path. */
	patch<Data = unknown>(path: string | URL, options?: HttpOptions): Promise<HttpResponse<Data>> {
		return this.request("PATCH", path, options);
	}

	/** Deletes what is at a path. */
	delete<Data = unknown>(path: string | URL, options?: HttpOptions): Promise<HttpResponse<Data>> {
		return this.request("DELETE", path, options);
	}
}
