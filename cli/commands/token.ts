import { text } from "node:stream/consumers";
import { type Capability, operations } from "../../protocol/capabilities.ts";
import { AerogramError } from "../../sdk/index.ts";
import { mintToken } from "../../sdk/server.ts";
import { expectCount, helpHint, readArguments, readWhole } from "../arguments.ts";
import { describeToken } from "../inspect-token.ts";
import { tell, write, writeLine } from "../output.ts";
import { UsageError } from "../usage-error.ts";

const command = "token";

/** What `aerogram help token` prints. */
export const help = `aerogram token: mint a token, or say what one says.

  aerogram token mint --sub PRINCIPAL --allow OPERATIONS --on PLACE [--allow … --on …] [options]
  aerogram token inspect [TOKEN|-]

  --sub PRINCIPAL     whom it speaks for
  --allow OPERATIONS  what it allows, apart by commas: ${operations.slice(0, 6).join(", ")},
                      ${operations.slice(6).join(", ")}
  --on PLACE          on what: <space>/<channels|collections|services|*>/<name>, where * is one part of a name and a
                      last ** one or more. Each --on belongs to the --allow before it
  --ttl SECONDS       how long it lives (3600), at most 86400
  --jti ID            its id (random)

  mint signs with the key of AEROGRAM_KEYS, id:secret, the first where there are several; it asks no server, and prints
  the token. inspect needs no secret: it prints what a token says as JSON and, on stderr, when it ends and what is wrong
  with it. It cannot say whether its signature holds. Without TOKEN it reads AEROGRAM_TOKEN; with -, stdin.
  Exit code 1: the token would be refused, whoever signed it.

  Examples:
    aerogram token mint --sub user:42 --allow publish,subscribe,history --on team-42/channels/chat:*
    aerogram token mint --sub admin --allow admin --on '**/*/**' --ttl 300
    aerogram token inspect eyJhbGciOiJIUzI1NiIs…
`;

const options = {
	sub: { type: "string" },
	allow: { type: "string", multiple: true, default: [] as string[] },
	on: { type: "string", multiple: true, default: [] as string[] },
	ttl: { type: "string" },
	jti: { type: "string" },
} as const;

/** Runs `aerogram token`. */
export async function run(args: readonly string[]): Promise<undefined> {
	const { values, positionals } = readArguments(args, options, helpHint(command));
	const [action, given] = positionals;
	if (action === "mint") {
		expectCount(command, positionals, 1, 1, "options alone");
		return mint(values);
	}
	if (action === "inspect") {
		expectCount(command, positionals, 1, 2, "a token");
		return inspect(given);
	}
	throw new UsageError(`Say mint or inspect; ${helpHint(command)}.`);
}

interface MintValues {
	readonly sub?: string | undefined;
	readonly allow: readonly string[];
	readonly on: readonly string[];
	readonly ttl?: string | undefined;
	readonly jti?: string | undefined;
}

async function mint({ sub, allow, on, ttl, jti }: MintValues): Promise<undefined> {
	if (sub === undefined) throw new UsageError(`Give --sub: whom the token speaks for; ${helpHint(command)}.`);
	if (allow.length === 0 || allow.length !== on.length) {
		throw new UsageError(`Give --allow and --on in pairs: what is allowed, and on what; ${helpHint(command)}.`);
	}
	const keys = process.env.AEROGRAM_KEYS;
	if (!keys) {
		throw new UsageError(`AEROGRAM_KEYS is not set: it holds the key that signs, as id:secret; ${helpHint(command)}.`);
	}
	const capabilities = allow.map((each, index) => ({ allow: each.split(","), on: on[index] ?? "" }));
	const token = await mintToken(keys, {
		sub,
		// What is no operation is refused there.
		capabilities: capabilities as unknown as readonly Capability[],
		ttl: ttl === undefined ? undefined : readWhole(command, "--ttl", ttl, 1),
		jti,
	});
	await writeLine(token);
}

async function inspect(given: string | undefined): Promise<undefined> {
	const said = given === "-" ? await text(process.stdin) : (given ?? process.env.AEROGRAM_TOKEN);
	if (!said) throw new UsageError(`Give a token, or set AEROGRAM_TOKEN; ${helpHint(command)}.`);
	const described = describeToken(said.trim().replace(/^bearer[ .]/i, ""), Date.now());
	if (described.says) await write(`${JSON.stringify(described.says, null, 2)}\n`);
	if (described.ends !== undefined) tell(described.ends);
	if (described.fault) throw new AerogramError(described.fault.code, described.fault.message);
}
