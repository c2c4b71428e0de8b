import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseDevOptions } from "../../cli/options.ts";
import { compatibility } from "../../cli/runtime-options.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { projectFolder } from "../../tools/build.ts";

describe("the options of aerogram dev", () => {
	test("are loopback, 8787, 9999 and .aerogram when none is given", () => {
		const { host, port, tcp, data } = parseDevOptions([]);
		expect({ host, port, tcp, data }).toEqual({ host: "127.0.0.1", port: 8787, tcp: 9999, data: ".aerogram" });
	});

	test("take any free port, and no raw TCP", () => {
		expect(parseDevOptions(["--port", "0", "--tcp", "off"])).toMatchObject({ port: 0, tcp: null });
		expect(parseDevOptions(["--port", "0", "--tcp", "0"])).toMatchObject({ port: 0, tcp: 0 });
	});

	test.each([
		[["--port", "80x"], "--port 80x is not a port: give a number from 0 (any) to 65535."],
		[["--port", "65536"], "--port 65536 is not a port: give a number from 0 (any) to 65535."],
		[["--tcp", "on"], "--tcp on is not a port: give a number from 0 (any) to 65535, or off."],
		[["--port", "9999"], "--port and --tcp are both 9999: each needs a port of its own."],
		[["--data", ""], "--data needs a value."],
		[["--port"], "Option '--port <value>' argument missing; --help lists the options."],
		[["--colour"], "Unknown option '--colour'; --help lists the options."],
		[["8787"], "Unexpected argument '8787'; --help lists the options."],
		[
			["--host", "0.0.0.0"],
			"--host 0.0.0.0 would let others read and write everything: add --closed, which asks for a key or token, or --unsafe-open if that is what you want.",
		],
	])("refuse %j in one sentence", (args, sentence) => {
		expect(() => parseDevOptions(args)).toThrow(new UsageError(sentence));
	});

	test.each(["localhost", "127.0.0.1", "127.8.8.8", "::1"])("need no --unsafe-open for %s", (host) => {
		expect(parseDevOptions(["--host", host]).host).toBe(host);
	});

	test.each(["127.0.0.1.example.com", "192.168.1.2", "::", "localhost.example.com", "example.com"])(
		"need --unsafe-open for %s",
		(host) => {
			expect(() => parseDevOptions(["--host", host])).toThrow("--unsafe-open");
			expect(parseDevOptions(["--host", host, "--unsafe-open"]).host).toBe(host);
		},
	);
});

describe("wrangler.toml", () => {
	const text = readFileSync(join(projectFolder, "wrangler.toml"), "utf8");

	test("deploys on the same day of the runtime, with the same flags, as aerogram dev runs", () => {
		expect(text).toContain(`\ncompatibility_date = "${compatibility.date}"\n`);
		expect(text).toContain(`\ncompatibility_flags = ${JSON.stringify(compatibility.flags)}\n`);
	});

	test("takes no port for raw TCP, and never sets dev mode", () => {
		const statements = text.split("\n").filter((line) => !line.startsWith("#"));
		expect(statements.join("\n")).not.toMatch(/connect|AEROGRAM_DEV/);
	});
});
