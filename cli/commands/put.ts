import { expectCount, helpHint, readArguments, readPlace, readServer, readWhole, serverOptions } from "../arguments.ts";
import { withClient } from "../client.ts";
import { readObject } from "../input.ts";
import { writeLine } from "../output.ts";
import { bareEtag, quotedEtag, recordLine } from "../record.ts";
import { UsageError } from "../usage-error.ts";

const command = "put";

/** What `aerogram help put` prints. */
export const help = `aerogram put: write a record, whether or not there is one.

  aerogram put <space>/<collection>/<id> [data|-] [options]

  data             a JSON object: what the record holds from now on. With -, or with none where something is piped in,
                   all of stdin is that object
  --if-match ETAG  only while the record is this revision; * only while there is one
  --if-absent      only while there is none
  --ttl SECONDS    it expires after so many seconds
  --json           print the whole record
  --to URL         the server (AEROGRAM_URL, else http://127.0.0.1:8787)
  --token TOKEN    a token, or a key as <id>.<secret> (AEROGRAM_TOKEN)

  Prints the record's ETag, <epoch>:<rev>, which --if-match takes.

  Examples:
    aerogram put default/carts/c1 '{"items": ["tea"]}'
    aerogram put default/carts/c1 --ttl 3600 < cart.json
    aerogram put default/locks/door '{"by": "me"}' --if-absent
`;

/** Runs `aerogram put`. */
export async function run(args: readonly string[]): Promise<undefined> {
	const { values, positionals } = readArguments(
		args,
		{
			...serverOptions,
			"if-match": { type: "string" },
			"if-absent": { type: "boolean", default: false },
			ttl: { type: "string" },
			json: { type: "boolean", default: false },
		},
		helpHint(command),
	);
	expectCount(command, positionals, 1, 2, "a record, as <space>/<collection>/<id>");
	const [place = "", given] = positionals;
	const [space = "", collection = "", id = ""] = readPlace(command, place, ["space", "collection", "record"]);
	const server = readServer(command, values);
	if (values["if-absent"] && values["if-match"] !== undefined) {
		throw new UsageError(`--if-match and --if-absent cannot both hold; ${helpHint(command)}.`);
	}
	const options = {
		ifMatch: quotedEtag(values["if-match"]),
		ifNoneMatch: values["if-absent"] ? ("*" as const) : undefined,
		ttl: values.ttl === undefined ? undefined : readWhole(command, "--ttl", values.ttl, 1),
	};
	const data = await readObject(command, given);
	await withClient(server, async (client) => {
		const record = await client.space(space).collection(collection).put(id, data, options);
		await writeLine(values.json ? recordLine(record) : bareEtag(record.etag));
	});
}
