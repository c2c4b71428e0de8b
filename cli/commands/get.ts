import { AerogramError } from "../../sdk/index.ts";
import { expectCount, helpHint, readArguments, readPlace, readServer, serverOptions } from "../arguments.ts";
import { withClient } from "../client.ts";
import { onReaderGone, writeLine } from "../output.ts";
import { recordLine } from "../record.ts";
import { UsageError } from "../usage-error.ts";

const command = "get";

/** What `aerogram help get` prints. */
export const help = `aerogram get: print a record, or all records of a collection.

  aerogram get <space>/<collection>/<id> [options]
  aerogram get <space>/<collection> [--prefix PREFIX] [options]

  --prefix PREFIX  of a collection, only the records whose id begins with this
  --json           of one record, print it whole: id, rev, updated, data and etag, which --if-match takes
  --to URL         the server (AEROGRAM_URL, else http://127.0.0.1:8787)
  --token TOKEN    a token, or a key as <id>.<secret> (AEROGRAM_TOKEN)

  Prints one line of JSON: the record's data, or the whole record with --json. Of a collection it prints whole records,
  a line each, in the order of their ids.

  Examples:
    aerogram get default/carts/c1
    aerogram get default/carts/c1 --json
    aerogram get default/carts --prefix c | wc -l
`;

/** Runs `aerogram get`. */
export async function run(args: readonly string[]): Promise<undefined> {
	const { values, positionals } = readArguments(
		args,
		{ ...serverOptions, prefix: { type: "string" }, json: { type: "boolean", default: false } },
		helpHint(command),
	);
	expectCount(command, positionals, 1, 1, "a record, as <space>/<collection>/<id>, or a collection");
	const [place = ""] = positionals;
	const server = readServer(command, values);
	const { prefix } = values;

	if (place.split("/").length === 2) {
		const [space = "", collection = ""] = readPlace(command, place, ["space", "collection"]);
		onReaderGone(() => process.exit());
		await withClient(server, async (client) => {
			const records = client.space(space).collection(collection).records({ prefix });
			for await (const record of records) await writeLine(recordLine(record));
		});
		return;
	}
	const [space = "", collection = "", id = ""] = readPlace(command, place, ["space", "collection", "record"]);
	if (prefix !== undefined) {
		throw new UsageError(`--prefix is for a collection, and ${place} is one record; ${helpHint(command)}.`);
	}
	await withClient(server, async (client) => {
		const record = await client.space(space).collection(collection).get(id);
		if (!record) throw new AerogramError("not_found", `There is no record ${place}.`);
		await writeLine(values.json ? recordLine(record) : JSON.stringify(record.data));
	});
}
