import { afterAll, afterEach, inject } from "vitest";
import { Inspector } from "./checked-fetch.ts";
import { Contract } from "./contract.ts";
import { failOnFindings, sharedInspector, shareInspector } from "./inspector.ts";

// Files of one process share modules, and globals in any case: the first wraps fetch, the others find it wrapped.
if (!sharedInspector()) {
	const inspector = new Inspector(new Contract(inject("openapi")));
	shareInspector(inspector);
	globalThis.fetch = inspector.watch(globalThis.fetch);
}

afterEach(failOnFindings);
// What `beforeAll` and `afterAll` asked for, in a file whose tests ask for nothing.
afterAll(failOnFindings);
