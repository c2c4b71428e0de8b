import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { callOf } from "../helpers/calls.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { contentTypes, formats, readAs, send } from "../helpers/formats.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

let server: LocalServer;
let service: string;
const data = { text: "你好,服务器!", list: [1, null, true, []], "a b": { "": -0.5 } };

beforeAll(async () => {
	server = await serveHere();
	service = `${server.url}/v1/spaces/call-formats/services/translate`;
});
afterAll(() => server.stop());

describe.each(formats)("a call that is served in %s", (format) => {
	/** Takes the next call, which must be this one; resolves to its attempt. */
	async function take(id: string): Promise<number> {
		const response = await send(`${service}/next?lease=3600`, "POST", undefined, format, format);
		const taken = (await readAs(response, format)) as { readonly attempt: number };
		expect(taken).toMatchObject({ id, attempt: expect.any(Number), data });
		return taken.attempt;
	}

	test("comes as it was made, and what is told of it arrives as it was sent: progress, then the reply", async () => {
		const id = await callOf(service, data);
		const call = `${service}/calls/${id}`;
		const events = new EventReader((await fetch(call, { headers: { accept: "text/event-stream" } })).body);
		const attempt = await take(id);
		const told = { attempt, data };
		// What is told before somebody listens, nobody hears: the stream is open a moment before it listens.
		await until(async () => {
			expect((await send(`${call}/progress`, "POST", told, format, format)).status).toBe(204);
			return events.events.length > 0;
		}, "the progress to be heard");
		expect((await send(`${call}/reply`, "PUT", { data }, format, format)).status).toBe(200);
		await events.until(() => events.ended !== undefined, "the end of the call");
		const heard = events.events.map((event) => [event.type, JSON.parse(event.data) as Json]);
		expect(heard.pop()).toEqual(["result", { id, data }]);
		expect(heard).toEqual(heard.map(() => ["progress", data]));
		for (const accepted of formats) {
			const read = await readAs(await send(call, "GET", undefined, format, accepted), accepted);
			expect(read).toEqual({ id, data });
		}
	});

	test("is handed back by its attempt, and taken once more", async () => {
		const id = await callOf(service, data);
		const attempt = await take(id);
		const back = await send(`${service}/calls/${id}/nack`, "POST", { attempt }, format, format);
		expect([back.status, await take(id)]).toEqual([204, attempt + 1]);
		await send(`${service}/calls/${id}/reply`, "PUT", { data }, format, format);
	});

	test("fails with the message and the data that its server sent", async () => {
		const id = await callOf(service, data);
		await take(id);
		const error = { message: "There is no word for it.", data };
		expect((await send(`${service}/calls/${id}/reply`, "PUT", { error }, format, format)).status).toBe(200);
		for (const accepted of formats) {
			const response = await send(`${service}/calls/${id}`, "GET", undefined, format, accepted);
			const headers = { "content-type": contentTypes[accepted] };
			const problem = await readAs(new Response(response.body, { headers }), accepted);
			expect(problem).toMatchObject({ code: "handler_failed", detail: error.message, call: id, data });
		}
	});
});
