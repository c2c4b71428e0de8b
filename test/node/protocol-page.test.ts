import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeServerFrame } from "../../protocol/codec/envelope.ts";
import { decodePacketHeader, encodePacket, packetHeaderBytes } from "../../protocol/codec/packet.ts";
import { decodeClientFrame, encodeServer } from "../../protocol/codec/serving.ts";
import { parseXml, writeXml } from "../../protocol/codec/xml.ts";
import type { ClientEnvelope, Json, ResetReason, ServerEnvelope } from "../../protocol/envelopes.ts";
import { type ErrorCode, errorCodes, errorRow, isErrorCode } from "../../protocol/errors.ts";
import { durations, limits, quotas, retention } from "../../protocol/limits.ts";
import { encodeEnvelope } from "../helpers/encode-envelope.ts";
import { type FenceLine, readFences, readNumber, readSteps, readTable } from "../helpers/protocol-blocks.ts";
import { readPacket } from "../helpers/protocol-replay.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/reference/protocol.md"), "utf8");
const fences = readFences(page);
const clientTypes: Record<ClientEnvelope["type"], true> = {
	publish: true,
	subscribe: true,
	unsubscribe: true,
	credit: true,
	enter: true,
	update: true,
	leave: true,
	watch: true,
	unwatch: true,
	"watch-credit": true,
	call: true,
	"call-again": true,
	cancel: true,
	serve: true,
	progress: true,
	reply: true,
	nack: true,
	auth: true,
};
const serverTypes: Record<ServerEnvelope["type"], true> = {
	welcome: true,
	published: true,
	subscribed: true,
	done: true,
	error: true,
	messages: true,
	ephemeral: true,
	reset: true,
	bye: true,
	live: true,
};
const resetReasons: Record<ResetReason, true> = {
	epoch: true,
	retention: true,
	ahead: true,
	purged: true,
	forbidden: true,
};

function linesOf(kind: string): readonly FenceLine[] {
	const lines = fences.filter((fence) => fence.kind === kind).flatMap((fence) => fence.lines);
	expect(lines.length, `the page has examples of ${kind}`).toBeGreaterThan(0);
	return lines;
}

/** Envelopes that a conversation of the page expects from the server. */
const heardLive = fences
	.filter(({ kind }) => kind === "json live")
	.flatMap(readSteps)
	.filter(({ mark, text }) => mark.startsWith("<") && text.startsWith("{"));

/** Envelopes as they stand in the page, one by one. */
function envelopesOf(lines: readonly FenceLine[]): readonly { readonly [key: string]: Json }[] {
	return lines.flatMap(({ text }): { readonly [key: string]: Json }[] => [JSON.parse(text)].flat());
}

function decodedServer(lines: readonly FenceLine[]): readonly ServerEnvelope[] {
	return lines.flatMap(({ number, text }) => {
		const frame = decodeServerFrame(text);
		if (!frame.ok) throw new Error(`line ${number} is no frame of a server: ${frame.fault.message}`);
		expect(frame.value.length, `envelopes read of line ${number}`).toBe([JSON.parse(text)].flat().length);
		return frame.value;
	});
}

describe("the examples of docs/reference/protocol.md", () => {
	test("every block is of a kind that some test reads", () => {
		const kinds = new Set(fences.map(({ kind }) => kind));
		expect([...kinds].sort()).toEqual([
			"json client",
			"json client refused",
			"json live",
			"json page live",
			"json problem",
			"json server",
			"text",
			"text events live",
			"text packet live",
			"text tcp live",
			"xml pairs",
		]);
	});

	test("frames of a client are taken as they stand, and say nothing that the decoder does not read", () => {
		for (const { number, text } of linesOf("json client")) {
			const frame = decodeClientFrame(text);
			if (!frame.ok) throw new Error(`line ${number}: ${frame.fault.message}`);
			const written = frame.value.map((decoded) => {
				if (!decoded.ok) throw new Error(`line ${number}: ${decoded.fault.code}, ${decoded.fault.message}`);
				return JSON.parse(encodeEnvelope(decoded.envelope)) as Json;
			});
			expect(written, `line ${number}`).toEqual([JSON.parse(text)].flat());
		}
	});

	test("frames of a client that are shown as refused are refused", () => {
		for (const { number, text } of linesOf("json client refused")) {
			const frame = decodeClientFrame(text);
			const taken = frame.ok ? frame.value.filter(({ ok }) => ok) : [];
			expect(taken, `taken of line ${number}`).toEqual([]);
		}
	});

	test("frames of the server are read whole, and say nothing that the decoder does not read", () => {
		for (const line of linesOf("json server")) {
			const written = decodedServer([line]).map((envelope) => JSON.parse(encodeServer(envelope)) as Json);
			expect(written, `line ${line.number}`).toEqual([JSON.parse(line.text)].flat());
		}
		expect(decodedServer(heardLive).length).toBe(heardLive.length);
	});

	test("each envelope type and each reason of a reset occurs", () => {
		const sent = linesOf("json client").flatMap(({ text }) => {
			const frame = decodeClientFrame(text);
			return frame.ok ? frame.value.flatMap((decoded) => (decoded.ok ? decoded.envelope.type : [])) : [];
		});
		expect(new Set(sent)).toEqual(new Set(Object.keys(clientTypes)));
		const told = decodedServer([...linesOf("json server"), ...heardLive]);
		expect(new Set(told.map(({ type }) => type))).toEqual(new Set(Object.keys(serverTypes)));
		const reasons = told.flatMap((envelope) => (envelope.type === "reset" ? envelope.reason : []));
		expect(new Set(reasons)).toEqual(new Set(Object.keys(resetReasons)));
	});

	test("each error code occurs, and none that does not exist", () => {
		const overTcp = [...linesOf("text tcp live"), ...linesOf("text packet live")].flatMap(
			({ text }) => /"code":"(\w+)"|<code>(\w+)/.exec(text)?.slice(1, 3) ?? [],
		);
		const shown = envelopesOf([...linesOf("json server"), ...linesOf("json problem"), ...heardLive]).map(
			({ code }) => code,
		);
		const codes = new Set([...shown, ...overTcp].filter((code) => code !== undefined));
		expect([...codes].sort()).toEqual([...errorCodes].sort());
	});

	test("problem documents have the status and title of their code", () => {
		for (const problem of envelopesOf(linesOf("json problem"))) {
			const { status, title } = errorRow(problem.code as ErrorCode);
			expect(problem).toMatchObject({ type: "about:blank", status, title });
		}
	});

	test("packets have the headers that the codec writes", () => {
		for (const { number, text } of linesOf("text packet live")) {
			const packet = readPacket(text.slice(2));
			if (!packet) throw new Error(`line ${number} is no packet`);
			const header = decodePacketHeader(packet.bytes);
			if (!header.ok) throw new Error(`line ${number}: ${header.fault.message}`);
			const { type, body } = header.value;
			expect(packet.bytes.toString("hex"), `line ${number}`).toBe(
				Buffer.from(encodePacket(type, body, packet.body)).toString("hex"),
			);
		}
		expect(page).toContain(`a header of ten bytes`);
		expect(packetHeaderBytes).toBe(10);
	});

	test("each pair of JSON and XML is the same value, read and written", () => {
		const lines = linesOf("xml pairs");
		for (let index = 0; index < lines.length; index += 2) {
			const value = JSON.parse(lines[index]?.text ?? "") as Json;
			const xml = lines[index + 1]?.text ?? "";
			expect(parseXml(xml), `line ${lines[index]?.number}`).toEqual({ ok: true, value });
			expect(writeXml(value, "value"), `line ${lines[index]?.number}`).toBe(xml);
		}
	});
});

describe("the tables of docs/reference/protocol.md", () => {
	test.each([
		["limit", limits],
		["quota", quotas],
		["retention", retention],
		["duration", durations],
	])("%s: the names and values are those of protocol/limits.ts", (heading, values) => {
		const told = [...readTable(page, heading)].map(([name, [value]]) => [name, readNumber(value)]);
		expect(Object.fromEntries(told)).toEqual(values);
	});

	test("every error has its row, with its status, close code, retry and title", () => {
		const told = [...readTable(page, "code")].map(([code, [status, close, retry, title]]) => {
			return [code, { status: readNumber(status), ...(close && { close: readNumber(close) }), retry, title }];
		});
		expect(Object.fromEntries(told)).toEqual(Object.fromEntries(errorCodes.map((code) => [code, errorRow(code)])));
	});

	test("every close code has its row, with what a client does", () => {
		const rows = page.split("\n").flatMap((line) => {
			const found = /^\| (\d{4}) \| `(\w+)` \| (.+) \|$/.exec(line);
			return found ? [[found[2], Number(found[1])]] : [];
		});
		const closing = errorCodes.flatMap((code) => {
			const { close } = errorRow(code);
			return close === undefined ? [] : [[code, close]];
		});
		expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(closing));
	});

	test("an error that is said not to be answered yet is in no conversation", () => {
		const places = [...readTable(page, "code")].map(([code, cells]) => [code, cells.at(-1)] as const);
		for (const [code, where] of places) {
			expect(isErrorCode(code)).toBe(true);
			expect(where, code).toMatch(/^(?:not yet|(?:(?:err|bye|HTTP|TCP) ?)+)$/);
		}
		const heard = new Set(envelopesOf(heardLive).map(({ t, code }) => `${t} ${code}`));
		for (const [code, where = ""] of places) {
			for (const door of ["err", "bye"]) if (heard.has(`${door} ${code}`)) expect(where, code).toContain(door);
		}
	});

	test("the features are those of the welcome that is shown", () => {
		const welcome = decodedServer(linesOf("json server")).find(({ type }) => type === "welcome");
		expect(welcome).toMatchObject({ features: expect.arrayContaining([...readTable(page, "feature").keys()]) });
		expect(welcome).toMatchObject({ limits: { ...limits, ...quotas } });
		expect(welcome?.type === "welcome" && welcome.features.length).toBe(readTable(page, "feature").size);
	});

	test("what is reserved is refused, and what is served is not reserved", () => {
		const reserved = /from a client `([a-z ]+)`/.exec(page.replaceAll("\n", " "))?.[1]?.split(" ") ?? [];
		expect(reserved.length).toBeGreaterThan(2);
		for (const type of reserved) {
			const frame = decodeClientFrame(JSON.stringify({ t: type, ref: 7, ch: "chat", seq: 1, data: 1 }));
			const code = frame.ok && frame.value[0]?.ok === false && frame.value[0].fault.code;
			expect(code, type).toBe("unsupported");
		}
	});
});
