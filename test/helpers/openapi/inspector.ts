import type { Inspector } from "./checked-fetch.ts";

let shared: Inspector | undefined;

/** Keeps the inspector of this process. */
export function shareInspector(inspector: Inspector): void {
	shared = inspector;
}

/** The inspector of this process, once there is one. */
export function sharedInspector(): Inspector | undefined {
	return shared;
}

/** Throws what was found since the last call, so that the test which asked for it fails. */
export async function failOnFindings(): Promise<void> {
	const findings = (await shared?.takeFindings()) ?? [];
	if (findings.length > 0) throw new Error(`not as /openapi.json says:\n${findings.join("\n")}`);
}
