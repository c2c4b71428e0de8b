import type { Context } from "hono";
import { encodeLive } from "../../protocol/codec/live.ts";
import { formatPlace, parsePlace, type RecordPlace } from "../../protocol/codec/record-text.ts";
import type { RecordSelector } from "../../protocol/watch.ts";
import { durationsOf } from "../env.ts";
import { Problem, problemOf } from "../http/problem.ts";
import type { App } from "../http/types.ts";
import { CreditPurse } from "./credit.ts";
import { EventStream, writeEvent } from "./event-stream.ts";
import { eventStreamHeaders } from "./requests.ts";
import { SpaceLine } from "./space-line.ts";
import { type RecordRun, type WatchLoss, WatchTracker } from "./watch-tracker.ts";

/**
 * Answers with records as an event stream: how they are, then every change, from `Last-Event-ID`, else `after`, else with
 * all of them. It stays open across whatever becomes of the object. Throws a `Problem`: `bad_position`, `position_expired`
 * where `after` is void, `space_full`.
 */
export async function streamRecords(context: Context<App>, space: string, selector: RecordSelector): Promise<Response> {
	const { env, req } = context;
	const { start, strict } = readStart(context);
	const stream = new EventStream(durationsOf(env), Math.random, req.raw.signal, () => line.close());
	const purse = new CreditPurse<RecordPlace>(durationsOf(env).credit, (owed) => {
		for (const { rev, id } of owed.values()) {
			line.send(encodeLive({ type: "watch-credit", selector, rev, ...(id !== undefined && { id }) }));
		}
	});
	let loss: WatchLoss | undefined;
	const tracker = new WatchTracker(selector, start, {
		send: (frame) => line.send(frame),
		standing: (place) => {
			// So that whoever gets nothing more comes back to the same place.
			stream.write(writeEvent({ id: formatPlace(place) }));
			line.stands();
		},
		records: (run) => {
			const { socket } = line;
			const units = run.records.reduce((size, { text }) => size + text.length, 0);
			stream.write(eventsOf(run), () => {
				// Credit belongs to the socket that brought what it is for.
				if (socket === line.socket) purse.consumed("", run.place, run.records.length, units);
			});
		},
		lost: (lost) => {
			loss ??= lost;
			const { epoch, rev } = lost;
			stream.write(writeEvent({ id: formatPlace({ epoch, rev, id: "" }), event: "reset", data: JSON.stringify(lost) }));
		},
		refused: (fault) => line.refused(problemOf(fault)),
	});
	const line = new SpaceLine(
		env,
		{ space, identity: context.get("identity") },
		{
			connected: () => tracker.watch(),
			frame: (text) => tracker.take(text),
			// The response does not end for it: what it misses comes with the next socket.
			interrupted() {},
			ended: () => stream.end(),
			dropped: () => purse.clear(),
		},
		Math.random,
	);
	try {
		await line.open();
		if (strict && loss) throw expired(loss);
	} catch (error) {
		stream.end();
		throw error;
	}
	return context.body(stream.body, 200, eventStreamHeaders);
}

function expired({ epoch, rev }: WatchLoss): Problem {
	const message = "The collection cannot tell what happened since that position: read it anew.";
	return new Problem("position_expired", message, { epoch, rev });
}

function eventsOf({ records, place, whole }: RecordRun): string {
	let text = "";
	let last = "";
	for (const record of records) {
		last = formatPlace(record.place);
		text += writeEvent({ id: last, data: record.text });
	}
	const id = formatPlace(place);
	if (whole) {
		const { epoch, rev } = place;
		return `${text}${writeEvent({ id, event: "ready", data: JSON.stringify({ epoch, rev }) })}`;
	}
	return last === id ? text : text + writeEvent({ id });
}

function readStart(context: Context<App>): { readonly start: RecordPlace | undefined; readonly strict: boolean } {
	const lastId = context.req.header("last-event-id") ?? "";
	const after = lastId === "" ? context.req.query("after") : lastId;
	if (after === undefined) return { start: undefined, strict: false };
	const start = parsePlace(after);
	if (start) return { start, strict: lastId === "" };
	throw new Problem("bad_position", "after is the id of an event: <epoch>:<rev>, as the server gave it.");
}
