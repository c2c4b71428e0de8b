import { AerogramError } from "../../sdk/index.ts";
import { expectCount, helpHint, readArguments, readPlace, readServer, serverOptions } from "../arguments.ts";
import { withClient } from "../client.ts";
import { quotedEtag } from "../record.ts";

const command = "del";

/** What `aerogram help del` prints. */
export const help = `aerogram del: delete a record.

  aerogram del <space>/<collection>/<id> [options]

  --if-match ETAG  only while the record is this revision
  --to URL         the server (AEROGRAM_URL, else http://127.0.0.1:8787)
  --token TOKEN    a token, or a key as <id>.<secret> (AEROGRAM_TOKEN)

  Prints nothing. A record that is not there is refused: not_found, exit code 1.

  Examples:
    aerogram del default/carts/c1
    aerogram del default/carts/c1 --if-match "$(aerogram get default/carts/c1 --json | jq -r .etag)"
`;

/** Runs `aerogram del`. */
export async function run(args: readonly string[]): Promise<undefined> {
	const { values, positionals } = readArguments(
		args,
		{ ...serverOptions, "if-match": { type: "string" } },
		helpHint(command),
	);
	expectCount(command, positionals, 1, 1, "a record, as <space>/<collection>/<id>");
	const [place = ""] = positionals;
	const [space = "", collection = "", id = ""] = readPlace(command, place, ["space", "collection", "record"]);
	const server = readServer(command, values);
	const ifMatch = quotedEtag(values["if-match"]);
	await withClient(server, async (client) => {
		const deleted = await client.space(space).collection(collection).delete(id, { ifMatch });
		if (!deleted) throw new AerogramError("not_found", `There is no record ${place}.`);
	});
}
