import type { MiddlewareHandler } from "hono";
import { durations, limits } from "../../protocol/limits.ts";
import type { App } from "./types.ts";

/** How much of a body that nobody wants is read. */
const droppedBytes = 16 * limits.bodyBytes;

/**
 * Reads and drops what is left of a body before the request is answered. A connection that ends while its client still
 * writes looks to most of them like a network failure, and the answer that says what is wrong is lost. A client that
 * announces more than is worth reading, or sends nothing for a while, is answered at once.
 */
export const dropBody: MiddlewareHandler<App> = async (context, next) => {
	await next();
	const { body, headers } = context.req.raw;
	if (!body || body.locked || Number(headers.get("content-length") ?? 0) > droppedBytes) return;
	const reader = body.getReader();
	let left = droppedBytes;
	for (let size = await nextSize(reader); size !== undefined && left > 0; size = await nextSize(reader)) left -= size;
};

/** The bytes of the next chunk; undefined at the end, and where nothing comes. */
async function nextSize(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<number | undefined> {
	const { promise: silence, resolve } = Promise.withResolvers<undefined>();
	const timer = setTimeout(() => resolve(undefined), durations.tcpDrain);
	const chunk = reader.read().then(
		({ value }) => value?.byteLength,
		() => undefined,
	);
	return Promise.race([chunk, silence]).finally(() => clearTimeout(timer));
}
