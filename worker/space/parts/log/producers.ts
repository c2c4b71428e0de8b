import type { Json } from "../../../../protocol/envelopes.ts";

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

interface StoredMessage {
	readonly seq: number;
	readonly ts: number;
	readonly id: string;
	readonly from: string;
	/** The publish mark, where the publisher gave the message an id of its own. */
	readonly by?: string;
	readonly data: Json;
}

/** The publish that made a message, where its publisher numbers them. */
export function publishOf(text: string): readonly [string, Producer] | undefined {
	const { seq, ts, id, from, by } = JSON.parse(text) as StoredMessage;
	const [client, n] = (by ?? id).split("/");
	if (client === undefined || n === undefined) return undefined;
	return [producerKey(from, client), { n: Number(n), seq, ts }];
}

/** The seq of the message that a publish made, among these. */
export function findIn(texts: readonly string[], principal: string, mark: string): number | null {
	for (const text of texts) {
		if (!text.includes(mark)) continue;
		const message = JSON.parse(text) as StoredMessage;
		if (message.from === principal && (message.by ?? message.id) === mark) return message.seq;
	}
	return null;
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
