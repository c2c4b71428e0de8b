import type { TestProject } from "vitest/node";

declare module "vitest" {
	interface ProvidedContext {
		/** Whether only tests of some names were asked for. */
		someTestsOnly: boolean;
	}
}

/** Tells the last test whether it comes after all tests, or after those that somebody picked by name. */
export function setup(project: TestProject): void {
	project.provide("someTestsOnly", project.vitest.config.testNamePattern !== undefined);
}
