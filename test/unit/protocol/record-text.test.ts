import { expect, test } from "vitest";
import { formatPlace, keyOfText, parsePlace, splitRecords } from "../../../protocol/codec/record-text.ts";
import { encodeRecordChanges, encodeRecordSnapshot } from "../../../protocol/codec/serving-watch.ts";

const epoch = "0mws8iikc9alb9adv";
const texts = ['{"id":"a","rev":7,"updated":1,"data":{"text":"],\\"to\\":9}"}}', '{"id":"b:1","rev":9,"updated":2}'];
const name = "n".repeat(164);

test.each([{ collection: "carts" }, { collection: name, prefix: "a:" }, { collection: "carts", id: name }])(
	"an envelope of %j comes apart as it was put together",
	(selector) => {
		const body = texts.join(",\n");
		expect(splitRecords(encodeRecordChanges(selector, 6, body, 9))).toEqual({ after: 6, to: 9, texts });
		expect(splitRecords(encodeRecordSnapshot(selector, body, 9, name))).toEqual({ to: 9, next: name, texts });
		expect(splitRecords(encodeRecordSnapshot(selector, "", 0))).toEqual({ to: 0, texts: [] });
	},
);

test("other text is no envelope of records, and a record tells its id and revision", () => {
	for (const text of ["", "{}", '{"t":"ok","ref":1}', '{"t":"rec","col":"a","after":1,"e":[]']) {
		expect(splitRecords(text)).toBeUndefined();
	}
	expect(texts.map(keyOfText)).toEqual([
		{ id: "a", rev: 7 },
		{ id: "b:1", rev: 9 },
	]);
	expect(keyOfText("{}")).toBeUndefined();
});

test("a place is read as it was written, and nothing else is one", () => {
	for (const place of [
		{ epoch, rev: 0 },
		{ epoch, rev: 7, id: "" },
		{ epoch, rev: 7, id: "a:b" },
	]) {
		expect(parsePlace(formatPlace(place))).toEqual(place);
	}
	for (const text of ["", "7", `${epoch}`, `${epoch}:`, `${epoch}:-1`, `${epoch}:7:a/b`, `x:7`, `${epoch}:7::`]) {
		expect(parsePlace(text), text).toBeUndefined();
	}
});
