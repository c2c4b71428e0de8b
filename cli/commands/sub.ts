import { writeJson } from "../../protocol/codec/json.ts";
import type { Json, Message } from "../../protocol/envelopes.ts";
import { formatPosition, parsePosition } from "../../protocol/position.ts";
import type { From, Gap, Mark } from "../../sdk/index.ts";
import { expectCount, helpHint, readArguments, readPlace, readServer, readWhole, serverOptions } from "../arguments.ts";
import { withSpace } from "../client.ts";
import { hint, onReaderGone, tell, writeLine } from "../output.ts";
import { UsageError } from "../usage-error.ts";

const command = "sub";

/** What `aerogram help sub` prints. */
export const help = `aerogram sub: print what is published to a channel, as it comes.

  aerogram sub <space>/<channel> [options]

  --from live              what is published from now on (this is what it does without --from)
  --from start             everything that is kept, then what comes
  --from last:N            the last N messages, then what comes
  --from since:TIME        what was published at or after a time, such as 2026-12-31T23:59:00Z, then what comes
  --from <epoch>:<seq>     what follows a position, as pub and --json print it
  --count N                end after N messages
  --json                   print whole messages: position, seq, ts, id, from, name, key and data
  --to URL                 the server (AEROGRAM_URL, else http://127.0.0.1:8787)
  --token TOKEN            a token, or a key as <id>.<secret> (AEROGRAM_TOKEN)

  Prints one line of JSON a message: its data, or the whole message with --json. A connection that is lost is made
  again, however long that takes, and nothing is missed; what could not be replayed is told on stderr. Ends by Ctrl-C,
  by --count, or when nobody reads what it prints any more.

  Examples:
    aerogram sub default/chat
    aerogram sub default/chat --from last:10 --json
    aerogram sub default/exchange --from start | head -1
`;

/** Runs `aerogram sub`. */
export async function run(args: readonly string[]): Promise<undefined> {
	const { values, positionals } = readArguments(
		args,
		{
			...serverOptions,
			from: { type: "string", default: "live" },
			count: { type: "string" },
			json: { type: "boolean", default: false },
		},
		helpHint(command),
	);
	expectCount(command, positionals, 1, 1, "a channel, as <space>/<channel>");
	const [place = ""] = positionals;
	const [name = "", channel = ""] = readPlace(command, place, ["space", "channel"]);
	const server = readServer(command, values);
	const from = readFrom(values.from);
	const count = values.count === undefined ? undefined : readWhole(command, "--count", values.count, 1);

	await withSpace(
		server,
		name,
		async (space, client) => {
			onReaderGone(() => {
				client.close();
				process.exit();
			});
			const subscription = space.channel(channel).subscribe({ from, onGap: (gap) => tell(describeGap(gap)) });
			await subscription.ready;
			if (from === "live") hint(`Waiting for messages on ${place}. Ctrl-C ends it; --from start shows what is kept.`);
			let printed = 0;
			for await (const message of subscription) {
				await writeLine(values.json ? whole(message, subscription.position) : writeJson(message.data));
				printed += 1;
				if (printed === count) return;
			}
		},
		"patiently",
	);
}

function whole(message: Message, position: Mark | undefined): string {
	const { ephemeral, seq, ts, id, ...rest } = message;
	const place = { position: formatPosition({ epoch: position?.epoch ?? "", seq }), seq };
	// An ephemeral message has no place, and an id only where its publisher gave one.
	const told = ephemeral ? { ephemeral, ts, ...(id !== "" && { id }), ...rest } : { ...place, ts, id, ...rest };
	return writeJson(told as Json);
}

function readFrom(text: string): From {
	if (text === "start" || text === "live") return text;
	const [kind = "", value] = [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)];
	if (kind === "last" && /^\d{1,15}$/.test(value)) return { last: Number(value) };
	if (kind === "since") {
		const since = new Date(value);
		if (!Number.isNaN(since.getTime())) return { since };
		throw new UsageError(`--from since:${value} is no time such as 2026-12-31T23:59:00Z; ${helpHint(command)}.`);
	}
	const position = parsePosition(text);
	if (position.ok) return position.value;
	throw new UsageError(
		`--from ${text} is none of live, start, last:N, since:TIME and <epoch>:<seq>; ${helpHint(command)}.`,
	);
}

function describeGap({ reason, from, to }: Gap): string {
	const ends = [from, to].map((mark) => (mark ? formatPosition(mark) : "an unknown place"));
	return `Some messages could not be replayed (${reason}): those between ${ends.join(" and ")}.`;
}
