import { describe, expect, test } from "vitest";
import { commands } from "../../cli/command.ts";
import { runCli } from "../helpers/cli.ts";

const names = [...commands.keys()];

async function helpOf(name: string): Promise<string> {
	return (await commands.get(name)?.load())?.help ?? "";
}

describe("aerogram --help", () => {
	test.each(["--help", "help"])("as %s lists every command in a line, and says what exit codes mean", async (flag) => {
		const { code, stdout, stderr } = await runCli([flag]);
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(names).toEqual(["dev", "tcp", "pub", "sub", "get", "put", "patch", "del", "token", "revoke"]);
		for (const [name, { summary }] of commands) expect(stdout).toContain(`\n  ${name.padEnd(7)}${summary}\n`);
		expect(stdout).toContain("Exit codes: 0 done, 1 refused or not to be had, 2 the command line is wrong.");
		expectPlain(stdout);
	});
});

describe("the help of a command", () => {
	test("is printed by aerogram help <command>, and by --help wherever it stands", async () => {
		const ways = [
			["help", "sub"],
			["sub", "--help"],
			["sub", "default/chat", "--count", "1", "-h"],
		];
		const stdout = await helpOf("sub");
		for (const way of ways) expect(await runCli(way)).toEqual({ code: 0, stdout, stderr: "" });
	});

	test.each(names)("says what %s does and what it takes, with two or three examples", async (name) => {
		const help = await helpOf(name);
		expect(help).toMatch(new RegExp(`^aerogram ${name}: [^\\n]+\\.\\n\\n  \\S`));
		const examples = help.slice(help.indexOf("  Examples:\n")).trimEnd().split("\n").slice(1);
		expect(examples.length).toBeGreaterThanOrEqual(2);
		expect(examples.length).toBeLessThanOrEqual(3);
		for (const example of examples) expect(example).toMatch(name === "dev" ? /^ {4}npm run dev/ : /^ {4}.*\baerogram /);
		expectPlain(help);
	});

	test.each(names)("names every option that %s knows, and no other", async (name) => {
		const told = new Set(optionsIn(await helpOf(name)));
		expect(told.size).toBeGreaterThan(0);
		const command = await commands.get(name)?.load();
		for (const option of await everyOption()) {
			// No argument after it: an option that is known asks for its value, or the command for its place.
			const refusal = await command?.run([`--${option}`, "--no-such-option"]).catch((error: Error) => error.message);
			const known = refusal !== `Unknown option '--${option}'; ${refusal?.split("; ")[1]}`;
			expect({ option, known }).toEqual({ option, known: told.has(option) });
		}
	});
});

/** The options that a help names, without `--help`, which is answered before a command is asked. */
function optionsIn(help: string): readonly string[] {
	const options = [...help.matchAll(/^ {2}--([a-z][a-z-]*)/gm)].map(([, option = ""]) => option);
	return options.filter((option) => option !== "help");
}

/** Every option that the help of some command names. */
async function everyOption(): Promise<readonly string[]> {
	const helps = await Promise.all(names.map(helpOf));
	return [...new Set(helps.flatMap(optionsIn))];
}

/** For a terminal of 120 columns, and without its control characters. */
function expectPlain(text: string): void {
	for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(120);
	expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
}
