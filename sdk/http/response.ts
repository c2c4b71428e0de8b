import { AerogramError, type AerogramErrorFacts } from "../errors.ts";

/** The answer to an HTTP request. */
export interface HttpResponse<Data = unknown> {
	/** Below 400: what is above is thrown. */
	readonly status: number;
	readonly headers: Headers;
	/**
	 * The body by its content type: the value of a JSON one, the text of `text/…`, of XML and of what only claims to be
	 * JSON, the bytes of any other, undefined where there is none. Its type is not checked.
	 */
	readonly data: Data;
	/** The `ETag` header, quotes included, as `If-Match` takes it. */
	readonly etag: string | undefined;
}

/** The data of an answer that must be a JSON object. Throws `network` for another one, such as a hotel's sign-in page. */
export function objectOf<Data>({ status, data }: HttpResponse): Data {
	if (isObject(data)) return data as Data;
	throw strangerError({ status });
}

/** What an answer is that did not come from an Aerogram server. */
export function strangerError(facts: AerogramErrorFacts): AerogramError {
	return new AerogramError("network", `The answer (HTTP ${facts.status}) is not that of an Aerogram server.`, facts);
}

/** Whether data of an answer is a JSON object, or a list. */
export function isObject(data: unknown): data is Readonly<Record<string, unknown>> {
	return typeof data === "object" && data !== null && !(data instanceof Uint8Array);
}
