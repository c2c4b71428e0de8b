import { formatMessages, type Message } from "esbuild";

/** A failed build as text for a person: each mistake with its file, line and code. Any other error is thrown again. */
export async function explainBuildFailure(error: unknown): Promise<string> {
	if (!isBuildFailure(error)) throw error;
	const color = process.stderr.isTTY === true;
	return (await formatMessages([...error.errors], { kind: "error", color })).join("");
}

function isBuildFailure(error: unknown): error is Error & { readonly errors: readonly Message[] } {
	return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}
