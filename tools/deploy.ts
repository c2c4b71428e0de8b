/**
 * `npm run deploy`: puts the Worker and its keys into a Cloudflare account, by `wrangler deploy`, unless it would stand open there or
 * let nobody in. `-- --plan` only says what would be created.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { unstable_readConfig as readWrangler } from "wrangler";
import config from "../aerogram.config.ts";
import { projectFolder } from "./build.ts";
import { planDeployment } from "./deploy/plan.ts";

const help = `npm run deploy: puts the Worker into your Cloudflare account (npx --no -- wrangler login before the first time).

  AEROGRAM_KEYS=id:secret npm run deploy -- [options]

  --plan        say what would be created, and what is wrong with it; nothing is uploaded
  --keep-keys   the Worker has its keys already, and keeps them; AEROGRAM_KEYS is not needed
  --help        this text
  anything else goes to wrangler deploy: --dry-run builds and uploads nothing, --env takes an environment of wrangler.toml

The keys go along as a secret of the Worker. Missing or weak ones are refused before anything is uploaded.
`;

/** Runs the command; resolves to its exit code. */
async function deploy(given: readonly string[]): Promise<number> {
	const own = new Set(["--plan", "--keep-keys", "--help"]);
	const args = given.filter((arg) => !own.has(arg));
	const says = (flag: string) => given.includes(flag);
	if (says("--help")) {
		process.stdout.write(help);
		return 0;
	}
	const { AEROGRAM_KEYS: keys, ...environment } = process.env;
	const file = resolve(projectFolder, flagValue(args, "--config", "-c") ?? "wrangler.toml");
	const wrangler = readWrangler({ config: file, env: flagValue(args, "--env", "-e") });
	const { rows, refusals } = await planDeployment({ wrangler, config, keys, keepKeys: says("--keep-keys"), args });
	const width = Math.max(...rows.map(([name]) => name.length));
	process.stdout.write(rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`).join(""));
	for (const refusal of refusals) process.stderr.write(`Refused: ${refusal}\n`);
	if (refusals.length > 0) return 1;
	if (says("--plan")) {
		process.stdout.write("\nThis is the plan: nothing was uploaded.\n");
		return 0;
	}
	return upload(args, keys, environment);
}

/** Runs `wrangler deploy`, which builds the Worker; resolves to its exit code. */
async function upload(args: readonly string[], keys: string | undefined, env: NodeJS.ProcessEnv): Promise<number> {
	// Ctrl-C ends Wrangler, too; what is left of us removes the file.
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
	const folder = await mkdtemp(join(tmpdir(), "aerogram-deploy-"));
	try {
		const secrets = join(folder, "secrets.json");
		const given = keys === undefined || keys.trim() === "" ? [] : ["--secrets-file", secrets];
		if (given.length > 0) await writeFile(secrets, JSON.stringify({ AEROGRAM_KEYS: keys }), { mode: 0o600 });
		const command = [
			join(projectFolder, "node_modules", "wrangler", "bin", "wrangler.js"),
			"deploy",
			...given,
			...args,
		];
		// Without the keys: what it starts, the build above all, has no need of them.
		const child = spawn(process.execPath, command, { cwd: projectFolder, env, stdio: "inherit" });
		return await new Promise((ended) => child.once("close", (code) => ended(code ?? 1)));
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/** What the arguments say for a flag of Wrangler: `--flag value`, `--flag=value`, or the same by its letter. */
function flagValue(args: readonly string[], flag: string, letter: string): string | undefined {
	const at = args.findIndex((arg) => arg === flag || arg === letter);
	return at === -1 ? args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1) : args[at + 1];
}

process.exitCode = await deploy(process.argv.slice(2));
