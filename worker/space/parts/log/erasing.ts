import type { Sql } from "../../ports.ts";
import { readProducers, writeProducers } from "./producers.ts";
import { separator } from "./segments.ts";

/** Rows that are looked at in one step: some megabytes of text. */
const stepRows = 100;

/** A place among what is stored of messages: after this row. */
export type LogPlace =
	| { readonly table: "segments"; readonly k: number }
	| { readonly table: "keyed"; readonly channel: number; readonly key: string };

/** What a message begins with, up to whom it is from, as the log writes it. */
const head = /^\{"seq":\d+,"ts":\d+,"id":"(?:[^"\\]|\\.)*"/;

/** Puts another name in the place of a principal in what a space has stored of messages. Runs inside a transaction of the caller. */
export class Erasing {
	readonly #sql: Sql;
	readonly #from: string;
	readonly #to: string;

	constructor(sql: Sql, principal: string, name: string) {
		this.#sql = sql;
		this.#from = `,"from":${JSON.stringify(principal)},`;
		this.#to = `,"from":${JSON.stringify(name)},`;
	}

	/** Goes on at a place. Returns how many messages were changed, and the next place; undefined at the end. */
	step(place: LogPlace): { readonly messages: number; readonly next: LogPlace | undefined } {
		return place.table === "segments" ? this.#segments(place.k) : this.#keyed(place.channel, place.key);
	}

	/** Forgets what publishes the principal made, but for those of messages that say so themselves. */
	producers(principal: string): void {
		const marked = this.#sql.all<{ channel: number; state: string }>(
			"SELECT channel, state FROM checkpoints WHERE instr(state, ?) > 0",
			JSON.stringify(`${principal}\n`).slice(0, -1),
		);
		for (const { channel, state } of marked) {
			this.#sql.run("UPDATE checkpoints SET state = ? WHERE channel = ?", without(state, principal), channel);
		}
		const keyed = this.#sql.all<{ channel: number; key: string; producers: string }>(
			"SELECT channel, key, producers FROM keyed WHERE instr(producers, ?) > 0",
			JSON.stringify(`${principal}\n`).slice(0, -1),
		);
		for (const { channel, key, producers } of keyed) {
			const left = without(producers, principal);
			this.#sql.run("UPDATE keyed SET producers = ? WHERE channel = ? AND key = ?", left, channel, key);
		}
	}

	#segments(after: number) {
		const rows = this.#sql.all<{ k: number; body: string }>(
			`SELECT k, body FROM segments WHERE k > ? ORDER BY k LIMIT ${stepRows}`,
			after,
		);
		let messages = 0;
		for (const { k, body } of rows) {
			const { text, count } = this.#rename(body);
			if (count > 0) this.#sql.run("UPDATE segments SET body = ? WHERE k = ?", text, k);
			messages += count;
		}
		const last = rows.at(-1);
		const next: LogPlace = last ? { table: "segments", k: last.k } : { table: "keyed", channel: 0, key: "" };
		return { messages, next };
	}

	#keyed(channel: number, key: string) {
		const rows = this.#sql.all<{ channel: number; key: string; body: string }>(
			`SELECT channel, key, body FROM keyed WHERE (channel, key) > (?, ?) ORDER BY channel, key LIMIT ${stepRows}`,
			channel,
			key,
		);
		let messages = 0;
		for (const row of rows) {
			const { text, count } = this.#rename(row.body);
			const statement = "UPDATE keyed SET body = ? WHERE channel = ? AND key = ?";
			if (count > 0) this.#sql.run(statement, text, row.channel, row.key);
			messages += count;
		}
		const last = rows.at(-1);
		const next: LogPlace | undefined = last && { table: "keyed", channel: last.channel, key: last.key };
		return { messages, next };
	}

	/** What stands in `data` stays as it is: a publisher wrote it, and may have written the same there. */
	#rename(body: string): { readonly text: string; readonly count: number } {
		if (!body.includes(this.#from)) return { text: body, count: 0 };
		let count = 0;
		const texts = body.split(separator).map((text) => {
			const length = head.exec(text)?.[0].length ?? 0;
			if (length === 0 || !text.startsWith(this.#from, length)) return text;
			count += 1;
			return text.slice(0, length) + this.#to + text.slice(length + this.#from.length);
		});
		return { text: texts.join(separator), count };
	}
}

function without(producers: string, principal: string): string {
	return writeProducers([...readProducers(producers)].filter(([key]) => !key.startsWith(`${principal}\n`)));
}
