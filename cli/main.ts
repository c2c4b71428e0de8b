import { runDev } from "./dev.ts";
import { devHelp, parseDevOptions } from "./options.ts";
import { watchParents } from "./parents.ts";
import { UnavailableError, UsageError } from "./usage-error.ts";

const help = `aerogram <command>

  dev      the whole exchange on this machine: aerogram dev --help
  --help   this text
`;

async function run([command, ...args]: readonly string[]): Promise<void> {
	if (command === "--help" || command === "help") {
		process.stdout.write(help);
		return;
	}
	if (command !== "dev") {
		const problem = command === undefined ? "No command was given" : `There is no command ${command}`;
		throw new UsageError(`${problem}: the only one is dev.`);
	}
	const options = parseDevOptions(args);
	if (options.help) {
		process.stdout.write(devHelp);
		return;
	}
	endWithParentsAndSignals();
	await runDev(options);
}

/** Leaving by `process.exit` ends the runtime, too, whatever state it is in: it is killed while the process exits. */
function endWithParentsAndSignals(): void {
	watchParents(() => process.exit(0));
	for (const [signal, number] of [["SIGHUP", 1] as const, ["SIGINT", 2] as const, ["SIGTERM", 15] as const]) {
		process.on(signal, () => process.exit(128 + number));
	}
	// Whoever read our output may be gone; what we serve goes on, and our parent's end is noticed by itself.
	process.stdout.on("error", () => {});
	process.stderr.on("error", () => {});
}

async function fail(error: unknown): Promise<number> {
	if (error instanceof UsageError || error instanceof UnavailableError) {
		process.stderr.write(`${error.message}\n`);
		return error instanceof UsageError ? 2 : 1;
	}
	const { explainBuildFailure } = await import("../tools/build/explain-failure.ts");
	process.stderr.write(await explainBuildFailure(error).catch(() => `${String(error)}\n`));
	return 1;
}

try {
	await run(process.argv.slice(2));
} catch (error) {
	process.exit(await fail(error));
}
