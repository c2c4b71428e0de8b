import { isAerogramError } from "../sdk/errors.ts";
import { commands } from "./command.ts";
import { tell, write } from "./output.ts";
import { endWithSignals, outliveReaders } from "./signals.ts";
import { UnavailableError, UsageError } from "./usage-error.ts";

function overview(): string {
	const lines = Array.from(commands, ([name, { summary }]) => `  ${name.padEnd(7)}${summary}`);
	return `aerogram <command>: the realtime exchange you own, from a terminal.

${lines.join("\n")}
  help   this text; aerogram help <command> tells what it takes, with examples

  Those that speak to a server take --to URL. Without it they ask AEROGRAM_URL, then http://127.0.0.1:8787.
  They show it what --token or AEROGRAM_TOKEN says: a token, or a key as <id>.<secret>.
  Exit codes: 0 done, 1 refused or not to be had, 2 the command line is wrong.
`;
}

async function run([name, ...args]: readonly string[]): Promise<"serving" | undefined> {
	if (name === "help" && args[0] !== undefined) return printHelp(args[0]);
	if (name === "help" || name === "--help" || name === "-h") {
		await write(overview());
		return undefined;
	}
	if (name === undefined) throw new UsageError("No command was given: aerogram --help lists them.");
	const command = await find(name).load();
	const ownArgs = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
	if (ownArgs.some((argument) => argument === "--help" || argument === "-h")) return printHelp(name);
	return command.run(args);
}

async function printHelp(name: string): Promise<undefined> {
	const { help } = await find(name).load();
	await write(help);
}

function find(name: string) {
	const entry = commands.get(name);
	if (entry) return entry;
	throw new UsageError(`There is no command ${name}: aerogram --help lists them.`);
}

/** Says what went wrong; gives the exit code. */
function explain(error: unknown): number {
	if (error instanceof UsageError || error instanceof UnavailableError) {
		tell(error.message);
		return error instanceof UsageError ? 2 : 1;
	}
	if (isAerogramError(error)) tell(`${error.code}: ${error.message.replace(/\s*\n\s*/g, " ")}`);
	else tell(error instanceof Error ? String(error.stack) : String(error));
	return 1;
}

endWithSignals();
outliveReaders();
try {
	const state = await run(process.argv.slice(2));
	// A closed connection says good-bye for a while; nobody needs to wait for that.
	if (state !== "serving") process.exit();
} catch (error) {
	process.exit(explain(error));
}
