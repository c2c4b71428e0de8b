/** The last publish of one client on one channel. */
export interface Producer {
	readonly n: number;
	readonly seq: number;
	/** When it was stored. */
	readonly ts: number;
}

/** All producers of a channel, by `producerKey`. */
export type Producers = ReadonlyMap<string, Producer>;

/** A client is a producer only together with its principal: nobody can use up another's numbers. */
export function producerKey(principal: string, client: string): string {
	return `${principal}\n${client}`;
}

/** What a stored message says of the publish that made it: `<client>/<n>`. No name holds a `/`, so nobody can forge it. */
export function publishMark(client: string, n: number): string {
	return `${client}/${n}`;
}

const text = String.raw`"(?:[^"\\]|\\.)*"`;
/** What a message begins with, as the log writes it, up to its data: nothing of that is looked at. */
const head = new RegExp(
	`^\\{"seq":(\\d+),"ts":(\\d+),"id":(${text}),"from":(${text})(?:,"name":${text})?(?:,"key":${text})?(?:,"by":(${text}))?,`,
);

/** The publish that made a message, where its publisher numbers them: in `by`, where the message has an id of its own. */
export function publishOf(message: string): readonly [string, Producer] | undefined {
	const [, seq, ts, id, from, by] = head.exec(message) ?? [];
	const mark = by ?? id;
	if (mark === undefined || from === undefined || !mark.includes("/")) return undefined;
	const [client = "", n] = mark.slice(1, -1).split("/");
	return [producerKey(JSON.parse(from) as string, client), { n: Number(n), seq: Number(seq), ts: Number(ts) }];
}

/** Producers as they are stored: in a checkpoint, or with a keyed message. */
export function writeProducers(producers: Iterable<readonly [string, Producer]>): string {
	return JSON.stringify([...producers].map(([key, { n, seq, ts }]) => [key, n, seq, ts]));
}

/** Reads what `writeProducers` wrote. */
export function readProducers(text: string): Map<string, Producer> {
	const entries = JSON.parse(text) as [string, number, number, number][];
	return new Map(entries.map(([key, n, seq, ts]) => [key, { n, seq, ts }]));
}
