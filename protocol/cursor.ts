import { limits } from "./limits.ts";
import { isName } from "./names.ts";
import { isEpoch, isSeq } from "./position.ts";
import { fail, type Result, succeed } from "./result.ts";

/** Places in many channels of one space: in each, everything up to and including its seq is behind it. */
export interface Cursor {
	readonly epoch: string;
	/** By the name of the channel. */
	readonly seqs: ReadonlyMap<string, number>;
}

/** A cursor as text: `<epoch>:a=41,b=7`. No name holds a `=` or a `,`, so nothing needs an escape. */
export function formatCursor(cursor: Cursor): string {
	return `${cursor.epoch}:${[...cursor.seqs].map(([channel, seq]) => `${channel}=${seq}`).join(",")}`;
}

/** Reads `<epoch>:a=41,b=7`: at least one channel, each once, and no more than one stream may read. */
export function parseCursor(text: string): Result<Cursor> {
	const colon = text.indexOf(":");
	const epoch = text.slice(0, colon);
	const items = text.slice(colon + 1).split(",");
	if (colon <= 0 || !isEpoch(epoch) || items.length > limits.channelsPerStream) return unreadable;
	const seqs = new Map<string, number>();
	for (const item of items) {
		const equals = item.lastIndexOf("=");
		const channel = item.slice(0, Math.max(0, equals));
		const digits = item.slice(equals + 1);
		const seq = Number(digits);
		if (!isName(channel) || !/^\d{1,16}$/.test(digits) || !isSeq(seq) || seqs.has(channel)) return unreadable;
		seqs.set(channel, seq);
	}
	return succeed({ epoch, seqs });
}

const unreadable = fail(
	"bad_position",
	`A cursor reads <epoch>:<channel>=<seq>,<channel>=<seq>, as the server gave it, with at most ${limits.channelsPerStream} channels.`,
);
