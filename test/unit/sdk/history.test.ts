import { describe, expect, test } from "vitest";
import { Aerogram, type AerogramOptions, type HistoryPage, isAerogramError } from "../../../sdk/index.ts";
import { dataOf } from "./helpers/setup.ts";

const epoch = "000000001aaaaaaaa";

/** A channel of ten messages whose server answers history requests, and what was asked of it. */
function setUp(answer?: (url: URL, signal: AbortSignal | null | undefined) => Response | Promise<Response>) {
	const asked: string[] = [];
	const page = (url: URL): Response => {
		const query = url.searchParams;
		const seqOf = (name: string, otherwise: number) => Number(query.get(name)?.split(":").at(-1) ?? otherwise);
		const limit = seqOf("limit", 100);
		const newestFirst = query.get("order") === "desc";
		const all = Array.from({ length: 10 }, (_, index) => ({
			seq: index + 1,
			ts: 0,
			id: "",
			from: "",
			data: index + 1,
		}));
		const some = all.filter(({ seq }) => seq > seqOf("after", 0) && seq < seqOf("before", 11));
		const messages = (newestFirst ? some.reverse() : some).slice(0, limit);
		const next = messages.length === 0 ? null : `${epoch}:${messages.at(-1)?.seq}`;
		return Response.json({ epoch, floor: 1, head: 10, messages, next } satisfies HistoryPage<number>);
	};
	const fetch: AerogramOptions["fetch"] = async (input, init) => {
		const url = new URL(String(input));
		asked.push(url.pathname + url.search);
		return answer ? answer(url, init?.signal) : page(url);
	};
	const aerogram = new Aerogram("https://edge.test/below/", { fetch, durations: { backoffBase: 1, backoffFloor: 1 } });
	return { channel: aerogram.space("team:1").channel<number>("chat"), asked };
}

const problem = (status: number, code: string) =>
	new Response(JSON.stringify({ type: "about:blank", title: "Title", status, detail: "Detail.", code, request: "r" }), {
		status,
		headers: { "content-type": "application/problem+json" },
	});

describe("history", () => {
	test("reads a page, with every option in the query", async () => {
		const { channel, asked } = setUp();
		const page = await channel.history({
			after: { epoch, seq: 2 },
			before: "9",
			limit: 3,
			order: "desc",
			since: new Date(7),
		});
		expect(asked).toEqual([
			`/below/v1/spaces/team:1/channels/chat/messages?after=${epoch}%3A2&before=9&limit=3&order=desc&since=7`,
		]);
		expect(page).toMatchObject({ epoch, floor: 1, head: 10 });
		expect(dataOf(page.messages)).toEqual([8, 7, 6]);
	});

	test("needs no options", async () => {
		const { channel, asked } = setUp();
		expect(dataOf((await channel.history()).messages)).toHaveLength(10);
		expect(asked).toEqual(["/below/v1/spaces/team:1/channels/chat/messages"]);
	});

	test("iterates page after page, in either direction, and stops where the log ends", async () => {
		for (const order of ["asc", "desc"] as const) {
			const { channel, asked } = setUp();
			const seen: number[] = [];
			for await (const { data } of channel.messages({ limit: 4, order })) seen.push(data);
			const all = Array.from({ length: 10 }, (_, index) => index + 1);
			expect(seen).toEqual(order === "asc" ? all : all.reverse());
			expect(asked).toHaveLength(3);
		}
	});

	test("a time to start from counts for the first page alone", async () => {
		const { channel, asked } = setUp();
		for await (const _ of channel.messages({ limit: 6, since: 5 }));
		expect(asked.map((url) => url.split("?")[1])).toEqual(["limit=6&since=5", `after=${epoch}%3A6&limit=6`]);
	});

	test("reads a page only when the one before it has been taken", async () => {
		const { channel, asked } = setUp();
		for await (const { seq } of channel.messages({ limit: 4 })) if (seq === 4) break;
		expect(asked).toHaveLength(1);
	});

	test("the server's problem becomes an error with its code and status", async () => {
		const { channel } = setUp(() => problem(410, "position_expired"));
		const error: unknown = await channel.history().catch((thrown) => thrown);
		expect(isAerogramError(error)).toBe(true);
		expect(error).toMatchObject({ code: "position_expired", status: 410, message: "Detail.", retryable: false });
		await expect(channel.messages().next()).rejects.toMatchObject({ code: "position_expired" });
	});

	test("an answer that is no Aerogram server's is a network error", async () => {
		for (const body of ["<html>Bad gateway</html>", "null", '{"code":"unheard_of"}']) {
			const { channel } = setUp(() => new Response(body, { status: 502 }));
			await expect(channel.history()).rejects.toMatchObject({ code: "network", status: 502, retryable: true });
		}
		const { channel } = setUp(() => new Response("<html>Sign in to the hotel network</html>"));
		await expect(channel.history()).rejects.toMatchObject({ code: "network" });
	});

	test("a request that fails is a network error with its cause", async () => {
		const cause = new TypeError("fetch failed");
		const { channel } = setUp(() => Promise.reject(cause));
		await expect(channel.history()).rejects.toMatchObject({ code: "network", retryable: true, cause });
	});

	test("an aborted one rejects with the signal's reason", async () => {
		const { channel } = setUp((_, signal) => {
			return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("AbortError"))));
		});
		const controller = new AbortController();
		const page = channel.history({ signal: controller.signal });
		controller.abort("enough");
		await expect(page).rejects.toBe("enough");
	});
});
