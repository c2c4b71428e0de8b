import { describe, expect, test } from "vitest";
import { commands } from "../../cli/command.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { runCli } from "../helpers/cli.ts";

/** What a command says to these arguments, without a process of its own. */
async function refusal([name = "", ...args]: readonly string[]): Promise<unknown> {
	const command = await commands.get(name)?.load();
	return command?.run(args).catch((error: unknown) => error);
}

describe("a wrong command line is exit code 2, one sentence on stderr and nothing on stdout", () => {
	test.concurrent.each<[string[], string]>([
		[[], "No command was given: aerogram --help lists them."],
		[["publish"], "There is no command publish: aerogram --help lists them."],
		[["help", "publish"], "There is no command publish: aerogram --help lists them."],
		[["constructor"], "There is no command constructor: aerogram --help lists them."],
		[["pub"], "Give a channel, as <space>/<channel>; see aerogram help pub."],
		[["sub"], "Give a channel, as <space>/<channel>; see aerogram help sub."],
		[["get", "default"], "default is no place: write <space>/<collection>/<record>; see aerogram help get."],
		[
			["put", "default/carts", "{}"],
			"default/carts is no place: write <space>/<collection>/<record>; see aerogram help put.",
		],
		[["patch", "default/carts/c1", "5"], 'A record is a JSON object, such as {"paid": true}; see aerogram help patch.'],
		[
			["del", "default/carts"],
			"default/carts is no place: write <space>/<collection>/<record>; see aerogram help del.",
		],
		[["tcp", "9999"], "Unexpected argument '9999'; see aerogram help tcp."],
	])("aerogram %j", async (args, sentence) => {
		expect(await runCli(args)).toEqual({ code: 2, stdout: "", stderr: `${sentence}\n` });
	});

	test("data that is no JSON, with the way out", async () => {
		const { code, stdout, stderr } = await runCli(["pub", "default/chat", "hello"]);
		expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
		expect(stderr).toMatch(
			/^The data cannot be read\. This is not JSON\.[^\n]* Text that is no JSON goes with --text\. See [^\n]*\n$/,
		);
	});

	test("an AEROGRAM_URL that is none", async () => {
		const { code, stderr } = await runCli(["get", "default/carts"], { url: "ftp://edge" });
		expect(code).toBe(2);
		expect(stderr).toBe("AEROGRAM_URL ftp://edge is no URL such as https://edge.example.com; see aerogram help get.\n");
	});
});

describe("a command refuses in one sentence, before it asks any server,", () => {
	test.each<[string[], string]>([
		[["pub", "chat", "1"], "chat is no place: write <space>/<channel>; see aerogram help pub."],
		[["pub", "default/chat", "1", "2"], "Unexpected argument '2'; see aerogram help pub."],
		[["pub", "default/chat", "--nmae", "x"], "Unknown option '--nmae'; see aerogram help pub."],
		[["pub", "default/chat", "--name"], "Option '--name <value>' argument missing; see aerogram help pub."],
		[
			["pub", "default/chat", "--id", "one"],
			"--id names one message, and stdin may hold many: give the data itself; see aerogram help pub.",
		],
		[
			["pub", "default/chat", "1", "--to", "edge"],
			"--to edge is no URL such as https://edge.example.com; see aerogram help pub.",
		],
		[
			["sub", "default/chat", "--from", "now"],
			"--from now is none of live, start, last:N, since:TIME and <epoch>:<seq>; see aerogram help sub.",
		],
		[
			["sub", "default/chat", "--from", "last:x"],
			"--from last:x is none of live, start, last:N, since:TIME and <epoch>:<seq>; see aerogram help sub.",
		],
		[
			["sub", "default/chat", "--from", "since:noon"],
			"--from since:noon is no time such as 2026-12-31T23:59:00Z; see aerogram help sub.",
		],
		[["sub", "default/chat", "--count", "0"], "--count 0 is not a whole number of at least 1; see aerogram help sub."],
		[
			["get", "default/carts/c1", "--prefix", "c"],
			"--prefix is for a collection, and default/carts/c1 is one record; see aerogram help get.",
		],
		[["put", "default/carts/c1", "[]"], 'A record is a JSON object, such as {"paid": true}; see aerogram help put.'],
		[
			["put", "default/carts/c1", "{}", "--ttl", "soon"],
			"--ttl soon is not a whole number of at least 1; see aerogram help put.",
		],
		[
			["put", "default/carts/c1", "{}", "--if-absent", "--if-match", "*"],
			"--if-match and --if-absent cannot both hold; see aerogram help put.",
		],
		[["del", "default/carts/c1", "c2"], "Unexpected argument 'c2'; see aerogram help del."],
		[["tcp", "--port", "x"], "--port x is not a port: give a number from 0 (any) to 65535."],
		[
			["tcp", "--host", "0.0.0.0"],
			"--host 0.0.0.0 would let others speak through you: add --unsafe-open if you want that.",
		],
	])("aerogram %j", async (args, sentence) => {
		expect(await refusal(args)).toEqual(new UsageError(sentence));
	});

	test.each(["a b", "..", "", "x".repeat(165)])("a name that is none: %j", async (name) => {
		const error = await refusal(["pub", `default/${name}`, "1"]);
		expect(error).toBeInstanceOf(UsageError);
		expect(String(error)).toMatch(/^UsageError: The channel name must be [^\n]*; see aerogram help pub\.$/);
	});
});
