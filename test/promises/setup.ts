import type { TestProject } from "vitest/node";
import { startPromiseServer } from "../helpers/promise-server.ts";
import type { ClientTransportId } from "./transports.ts";

/** What workerd and Chromium try: in Node every transport is tried each time, elsewhere the others by `npm run soak`. */
const transports: readonly ClientTransportId[] =
	process.env.AEROGRAM_TEST_TRANSPORTS === "all" ? ["websocket", "sse", "long-poll"] : ["websocket"];

/** Starts the server that the promise suite talks to from workerd and from Chromium. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
	const { stop, ...target } = await startPromiseServer();
	project.provide("promiseTarget", target);
	project.provide("promiseTransports", transports);
	return stop;
}
