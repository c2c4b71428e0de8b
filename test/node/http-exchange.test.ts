import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { expectProblem, headOf, postJson, readMessages } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

let server: LocalServer;
let channel: string;

beforeAll(async () => {
	server = await serveHere();
	channel = `${server.url}/v1/spaces/default/channels/exchange`;
});
afterAll(() => server.stop());

function post(value: unknown, headers: Record<string, string> = {}): Promise<Response> {
	return postJson(`${server.url}/v1/exchange`, value, headers);
}

function say(name: string) {
	return { name, message: "hi" };
}

describe("POST /v1/exchange", () => {
	test("greets by name, and says where the message is", async () => {
		const response = await post(say("小飞机"));
		expect(response.status).toBe(200);
		const position = await headOf(channel);
		const message = "Hello, 小飞机! Your message is stored.";
		expect(await response.json()).toEqual({ status: "success", message, position });
	});

	test("answers a list by a list, in its order, and stores it in that order", async () => {
		const before = await headOf(channel);
		const names = Array.from({ length: limits.batchMessages }, (_, index) => `name-${index}`);
		const response = await post(names.map(say));
		expect(response.status).toBe(200);
		const stored = await readMessages(`${channel}/messages`, before);
		expect(stored.map(({ data }) => data)).toEqual(names.map(say));
		const [epoch] = before.split(":");
		expect(await response.json()).toEqual(
			names.map((name, index) => ({
				status: "success",
				message: `Hello, ${name}! Your message is stored.`,
				position: `${epoch}:${stored[index]?.seq}`,
			})),
		);
	});

	test("stores nothing of a list with one bad exchange, of none and of too many", async () => {
		const before = await headOf(channel);
		await expectProblem(await post([say("a"), { name: "b" }]), "bad_request");
		await expectProblem(await post([]), "bad_request");
		await expectProblem(await post([[say("a")]]), "bad_request");
		await expectProblem(await post(Array(limits.batchMessages + 1).fill(say("a"))), "too_big");
		expect(await headOf(channel)).toBe(before);
	});

	test("stores a list once for one Idempotency-Key", async () => {
		const before = await headOf(channel);
		const key = { "idempotency-key": "a list once" };
		const first = await post([say("a"), say("b")], key);
		const second = await post([say("a"), say("b")], key);
		expect(second.headers.get("idempotency-replayed")).toBe("true");
		expect(await second.json()).toEqual(await first.json());
		expect(await readMessages(`${channel}/messages`, before)).toHaveLength(2);
	});
});
