import { expectCount, helpHint, readArguments, readPlace, readServer, readWhole, serverOptions } from "../arguments.ts";
import { withClient } from "../client.ts";
import { readObject } from "../input.ts";
import { writeLine } from "../output.ts";
import { bareEtag, quotedEtag, recordLine } from "../record.ts";

const command = "patch";

/** What `aerogram help patch` prints. */
export const help = `aerogram patch: change members of a record, and leave the others as they are.

  aerogram patch <space>/<collection>/<id> [data|-] [options]

  data             a JSON object with the members to set; null takes a member away (RFC 7396). With -, or with none
                   where something is piped in, all of stdin is that object
  --if-match ETAG  only while the record is this revision
  --ttl SECONDS    it expires so many seconds from now
  --json           print the whole record
  --to URL         the server (AEROGRAM_URL, else http://127.0.0.1:8787)
  --token TOKEN    a token, or a key as <id>.<secret> (AEROGRAM_TOKEN)

  Prints the record's new ETag, <epoch>:<rev>.

  Examples:
    aerogram patch default/carts/c1 '{"paid": true}'
    aerogram patch default/carts/c1 '{"coupon": null}' --json
`;

/** Runs `aerogram patch`. */
export async function run(args: readonly string[]): Promise<undefined> {
	const { values, positionals } = readArguments(
		args,
		{
			...serverOptions,
			"if-match": { type: "string" },
			ttl: { type: "string" },
			json: { type: "boolean", default: false },
		},
		helpHint(command),
	);
	expectCount(command, positionals, 1, 2, "a record, as <space>/<collection>/<id>");
	const [place = "", given] = positionals;
	const [space = "", collection = "", id = ""] = readPlace(command, place, ["space", "collection", "record"]);
	const server = readServer(command, values);
	const options = {
		ifMatch: quotedEtag(values["if-match"]),
		ttl: values.ttl === undefined ? undefined : readWhole(command, "--ttl", values.ttl, 1),
	};
	const data = await readObject(command, given);
	await withClient(server, async (client) => {
		const record = await client.space(space).collection(collection).patch(id, data, options);
		await writeLine(values.json ? recordLine(record) : bareEtag(record.etag));
	});
}
