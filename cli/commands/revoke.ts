import { expectCount, helpHint, readArguments, readServer, serverOptions } from "../arguments.ts";
import { withClient } from "../client.ts";
import { writeLine } from "../output.ts";
import { UsageError } from "../usage-error.ts";

const command = "revoke";

/** What `aerogram help revoke` prints. */
export const help = `aerogram revoke: let tokens or a key count no more.

  aerogram revoke --sub PRINCIPAL | --key ID | --jti ID [options]

  --sub PRINCIPAL  whatever was issued to this principal until now; what is issued later counts
  --key ID         a key, with all that it ever signed. Take it out of AEROGRAM_KEYS, too
  --jti ID         one token, by its id
  --to URL         the server (AEROGRAM_URL, else http://127.0.0.1:8787)
  --token TOKEN    a token, or a key as <id>.<secret> (AEROGRAM_TOKEN): it needs admin on **/*/**

  Within 5 s it is refused everywhere, and its sockets are closed. Prints what is revoked, as JSON.

  Examples:
    aerogram revoke --sub user:42
    aerogram revoke --jti "$(aerogram token inspect "$TOKEN" | jq -r .claims.jti)"
`;

/** Runs `aerogram revoke`. */
export async function run(args: readonly string[]): Promise<undefined> {
	const { values, positionals } = readArguments(
		args,
		{ ...serverOptions, sub: { type: "string" }, key: { type: "string" }, jti: { type: "string" } },
		helpHint(command),
	);
	expectCount(command, positionals, 0, 0, "options alone");
	const { sub, key, jti } = values;
	const server = readServer(command, values);
	if ([sub, key, jti].filter((one) => one !== undefined).length !== 1) {
		throw new UsageError(`Give one of --sub, --key and --jti; ${helpHint(command)}.`);
	}
	await withClient(server, async (client) => {
		const { data } = await client.http.post("/v1/revocations", { json: { sub, key, jti } });
		await writeLine(JSON.stringify(data));
	});
}
