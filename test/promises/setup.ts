import type { TestProject } from "vitest/node";
import { startPromiseServer } from "../helpers/promise-server.ts";

/** Starts the server that the promise suite talks to from workerd and from Chromium. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
	const { stop, ...target } = await startPromiseServer();
	project.provide("promiseTarget", target);
	return stop;
}
