import type { Json } from "../../protocol/envelopes.ts";
import { formatPosition } from "../../protocol/position.ts";
import { AerogramError, type Channel, isAerogramError, type PublishOptions } from "../../sdk/index.ts";
import { expectCount, helpHint, readArguments, readPlace, readServer, serverOptions } from "../arguments.ts";
import { withSpace } from "../client.ts";
import { givenData, readJson, stdinLines } from "../input.ts";
import { Progress, writeLine } from "../output.ts";
import { UsageError } from "../usage-error.ts";

const command = "pub";

/** How many lines of stdin may be on their way at once: enough to share frames and commits. */
const window = 1_000;

/** What most likely went wrong where data is no JSON. */
const advice = "Text that is no JSON goes with --text.";

/** Makes a value of a text; undefined for a line that says nothing. */
type Reader = (what: string, text: string) => Json | undefined;

/** What `aerogram help pub` prints. */
export const help = `aerogram pub: publish to a channel.

  aerogram pub <space>/<channel> [data|-] [options]

  data         one JSON value, published as one message. With -, or with none where something is piped in: one JSON
               value a line of stdin, published in that order; empty lines are passed over
  --text       the data, or each line, is text and not JSON
  --name NAME  what kind of message it is
  --key KEY    what the message is about
  --id ID      the id of the one message
  --ephemeral  deliver it to who listens now, and store it nowhere
  --to URL     the server (AEROGRAM_URL, else http://127.0.0.1:8787)
  --token TOKEN  a token, or a key as <id>.<secret> (AEROGRAM_TOKEN)

  Prints the position of each message, <epoch>:<seq>, once it is stored; nothing for an ephemeral one. A connection
  that is lost is made again for two minutes, and each message is stored once.
  Data that begins with a minus stands after --: aerogram pub default/numbers -- -5

  Examples:
    aerogram pub default/chat '{"text": "hello"}'
    aerogram pub default/chat --text "你好,服务器!"
    seq 1000 | aerogram pub default/numbers
`;

/** Runs `aerogram pub`. */
export async function run(args: readonly string[]): Promise<undefined> {
	const { values, positionals } = readArguments(
		args,
		{
			...serverOptions,
			text: { type: "boolean", default: false },
			name: { type: "string" },
			key: { type: "string" },
			id: { type: "string" },
			ephemeral: { type: "boolean", default: false },
		},
		helpHint(command),
	);
	expectCount(command, positionals, 1, 2, "a channel, as <space>/<channel>");
	const [place = "", argument] = positionals;
	const [space = "", channel = ""] = readPlace(command, place, ["space", "channel"]);
	const server = readServer(command, values);
	const data = givenData(command, argument);
	if (data === undefined && values.id !== undefined) {
		throw new UsageError(
			`--id names one message, and stdin may hold many: give the data itself; ${helpHint(command)}.`,
		);
	}
	const read: Reader = (what, text) => {
		if (values.text) return text;
		return text.trim() === "" && data === undefined ? undefined : readJson(command, what, text, ` ${advice}`);
	};
	const { name, key, id, ephemeral } = values;
	const options = { name, key, id, ephemeral };

	if (data !== undefined) {
		const value = read("The data", data) ?? null;
		await withSpace(server, space, async (open) => print(await open.channel(channel).publish(value, options)));
		return;
	}
	await withSpace(server, space, (open) => publishLines(open.channel(channel), options, read));
}

/** Publishes line by line; prints positions in the order of the lines, each as soon as it and those before are stored. */
async function publishLines(channel: Channel, options: PublishOptions, read: Reader): Promise<void> {
	const progress = new Progress("published");
	const underWay: Promise<void>[] = [];
	let last = Promise.resolve();
	let number = 0;

	async function publish(value: Json, place: number, before: Promise<void>): Promise<void> {
		const publishing = channel.publish(value, options);
		// A refusal is told in its turn, when what came before it is stored.
		publishing.catch(() => {});
		await before;
		try {
			await print(await publishing);
		} catch (error) {
			throw isAerogramError(error) ? new AerogramError(error.code, `Line ${place}: ${error.message}`) : error;
		}
		progress.add();
	}

	try {
		await new Promise<void>((resolve, reject) => {
			const reading = (async () => {
				for await (const line of stdinLines()) {
					number += 1;
					const value = await readAfter(last, () => read(`Line ${number}`, line));
					if (value === undefined) continue;
					last = publish(value, number, last);
					// A person who types learns of a refusal at once, and not with the next line.
					last.catch(reject);
					underWay.push(last);
					if (underWay.length >= window) await underWay.shift();
				}
				await last;
			})();
			reading.then(resolve, reject);
		});
	} finally {
		progress.end();
	}
}

/** What `read` gives. When it throws, what came before is stored first: a bad line takes no good one along. */
async function readAfter<Value>(before: Promise<void>, read: () => Value): Promise<Value> {
	try {
		return read();
	} catch (error) {
		await before;
		throw error;
	}
}

/** Positions are for who wants them: what is to be published is published, whether or not somebody still reads them. */
async function print({ epoch, seq }: { readonly epoch: string; readonly seq: number | null }): Promise<void> {
	if (seq !== null) await writeLine(formatPosition({ epoch, seq }));
}
