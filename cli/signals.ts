/** Leaves with 128 and the number of the signal, as a shell counts, when one asks us to end. */
export function endWithSignals(): void {
	for (const [signal, number] of [["SIGHUP", 1] as const, ["SIGINT", 2] as const, ["SIGTERM", 15] as const]) {
		process.on(signal, () => process.exit(128 + number));
	}
}

/** Whoever read our output may be gone: no command ends by that itself, with a stack; what it means is for each to say. */
export function outliveReaders(): void {
	process.stdout.on("error", () => {});
	process.stderr.on("error", () => {});
}
