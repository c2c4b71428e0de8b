import type { TestProject } from "vitest/node";
import { type OpenApi, readOpenApi } from "../../tools/openapi.ts";

declare module "vitest" {
	interface ProvidedContext {
		/** The OpenAPI document of the sources as they are now. */
		openapi: OpenApi;
	}
}

/** Reads the OpenAPI document once, for every file of a project. */
export async function setup(project: TestProject): Promise<void> {
	project.provide("openapi", await readOpenApi());
}
