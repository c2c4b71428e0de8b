/** The command line asks for something that cannot be: one sentence for the person, and exit code 2. */
export class UsageError extends Error {
	override readonly name = "UsageError";
}

/** The command is right, but what it needs is not to be had here: one sentence for the person, and exit code 1. */
export class UnavailableError extends Error {
	override readonly name = "UnavailableError";
}
