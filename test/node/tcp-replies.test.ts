import { get } from "node:http";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodePacketHeader, encodePacket, packetHeaderBytes } from "../../protocol/codec/packet.ts";
import { limits } from "../../protocol/limits.ts";
import { type Bridge, startBridge } from "../helpers/bridge.ts";
import { getJson, headOf, readMessages } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectTcp, exchangeText, readLine } from "../helpers/tcp-client.ts";

let server: LocalServer;
let channel: string;

beforeAll(async () => {
	server = await serveHere();
	channel = `${server.url}/v1/spaces/default/channels/exchange`;
});
afterAll(() => server.stop());

/** The ways by which raw TCP reaches a space: all that is promised of one holds for the other. */
const ways = ["the runtime's own port", "aerogram tcp"] as const;

describe.each(ways)("by %s,", (way) => {
	let bridge: Bridge | undefined;
	let address: { readonly host: string; readonly port: number };

	beforeAll(async () => {
		bridge = way === "aerogram tcp" ? await startBridge(server.url) : undefined;
		address = bridge?.address ?? server.tcp;
	});
	afterAll(() => bridge?.stop());

	/** Runs something that must store exactly these names, in this order. */
	async function storing(names: readonly string[], work: () => Promise<void>): Promise<void> {
		const before = await headOf(channel);
		await work();
		const stored = await readMessages(`${channel}/messages`, before);
		const found = stored.map(({ data }) => (data as { name: string }).name);
		// What a client that left had said before is stored all the same, while the tests go on.
		expect(found.filter((name) => name !== "mute")).toEqual(names);
	}

	/** Sends bytes on a connection of their own and half-closes it; resolves to all that came back. */
	async function say(data: string | Uint8Array): Promise<string> {
		using client = await connectTcp(address);
		await client.send(data);
		client.end();
		return await client.rest();
	}

	describe("an answer", () => {
		test.each([
			["a short name", "a"],
			["the longest name", "x".repeat(256)],
			["the longest name in emoji", "😀".repeat(128)],
			["the longest name in quotes", '"'.repeat(256)],
			["the longest name in control characters", "\u0001".repeat(256)],
			["the longest name in line ends", "\r\n".repeat(128)],
			["the longest name in separators of lines", "\u2028".repeat(256)],
		])("is one write of one line that fits a recv(1024): %s", async (_, name) => {
			await storing([name, name, name], async () => {
				using client = await connectTcp(address);
				await client.send(exchangeText(name));
				const json = await client.read();
				expect(readLine(json)).toMatchObject({ status: "success" });
				expect(json.length).toBeLessThanOrEqual(1024);

				await client.send(encodePacket("message", "json", exchangeText(name)));
				const packet = await client.read();
				const header = decodePacketHeader(packet);
				expect(header).toEqual({
					ok: true,
					value: { type: "reply", body: "json", length: packet.length - packetHeaderBytes },
				});
				expect(packet.length).toBeLessThanOrEqual(1024);
				expect(JSON.parse(packet.subarray(packetHeaderBytes).toString())).toEqual(readLine(json));

				await client.send(`<exchange><m k="name" type="escaped">${escaped(name)}</m><message>hi</message></exchange>`);
				const xml = (await client.read()).toString();
				expect(xml).toMatch(
					/^<exchange><status>success<\/status><message( type="escaped")?>[^<\r\n]+<\/message><\/exchange>\r\n$/,
				);
				expect(Buffer.byteLength(xml)).toBeLessThanOrEqual(1024);
			});
		});

		test("to a list is a list, and the list is stored whole or not at all", async () => {
			await storing(["a", "b", "c"], async () => {
				using client = await connectTcp(address);
				await client.send(`[${["a", "b", "c"].map((name) => exchangeText(name)).join()}]`);
				const answers = JSON.parse((await client.read()).toString()) as unknown;
				expect(answers).toEqual(
					["a", "b", "c"].map((name) => ({ status: "success", message: `Hello, ${name}! Your message is stored.` })),
				);
				await client.send(`[${exchangeText("d")}, {"name": "e"}]`);
				expect(readLine(await client.read())).toMatchObject({ status: "error", code: "bad_request" });
				await client.send("[]");
				expect(readLine(await client.read())).toMatchObject({ status: "error", code: "bad_request" });
			});
		});

		test("comes for everything that was sent before the client half-closed, and then the end", async () => {
			const names = Array.from({ length: 200 }, (_, index) => `half-${index}`);
			await storing(names, async () => {
				const answers = linesOf(await say(names.map((name) => exchangeText(name)).join("")));
				expect(answers.map(({ message }) => message)).toEqual(
					names.map((name) => `Hello, ${name}! Your message is stored.`),
				);
			});
		});

		test("tells a client that half-closes inside a value that the value is not whole", async () => {
			await storing(["whole"], async () => {
				const answers = linesOf(await say(`${exchangeText("whole")}{"name": "half`));
				expect(answers).toMatchObject([{ status: "success" }, { status: "error", code: "malformed" }]);
			});
		});

		test("is not waited for by another connection: one that reads nothing holds up nobody", async () => {
			using mute = await connectTcp(address);
			mute.socket.pause();
			const sent = mute.send(exchangeText("mute").repeat(3_000));
			using other = await connectTcp(address);
			for (let round = 0; round < 20; round++) {
				await other.send(exchangeText("other"));
				const started = performance.now();
				expect(readLine(await other.readAnswer())).toMatchObject({ status: "success" });
				expect(performance.now() - started).toBeLessThan(5_000);
			}
			mute.socket.destroy();
			await sent.catch(() => {});
		});
	});

	describe("the wrong protocol gets one line, an end and no place in the log", () => {
		test("HTTP by hand", async () => {
			await storing([], async () => {
				using client = await connectTcp(address);
				await client.send(`POST /v1/exchange HTTP/1.1\r\nHost: localhost\r\n\r\n${exchangeText("smuggled")}`);
				expect(readLine(await client.rest())).toMatchObject({ status: "error", code: "unsupported", message: /HTTP/ });
			});
		});

		test("HTTP by a client", async () => {
			await storing([], async () => {
				const { host, port } = address;
				const failed = new Promise((resolve) => get({ host, port, path: "/" }, resolve).once("error", resolve));
				expect(await failed).toMatchObject({ code: "HPE_INVALID_CONSTANT", rawPacket: /HTTP port/ });
			});
		});

		test("TLS by a client", async () => {
			await storing([], async () => {
				const failed = new Promise((resolve) => connectTls(address, () => resolve("connected")).once("error", resolve));
				expect(await failed).toMatchObject({ code: "ERR_SSL_WRONG_VERSION_NUMBER" });
			});
		});

		test("TLS by hand", async () => {
			await storing([], async () => {
				using client = await connectTcp(address);
				await client.send(Uint8Array.of(0x16, 0x03, 0x01, 0x00, 0xc8, 0x01, 0x00, 0x00, 0xc4, 0x03, 0x03));
				expect(readLine(await client.rest())).toMatchObject({ status: "error", code: "unsupported", message: /TLS/ });
			});
		});
	});

	describe("a bad value is answered and stores nothing, and the connection goes on", () => {
		test.each([
			["no name", '{"message": "hi"}', "bad_request"],
			["no message", '{"name": "a"}', "bad_request"],
			["an empty object", "{}", "bad_request"],
			["an empty name", exchangeText(""), "bad_request"],
			["a name that is a number", '{"name": 1, "message": "hi"}', "bad_request"],
			["a message that is an object", '{"name": "a", "message": {"text": "hi"}}', "bad_request"],
			["a name that is null", '{"name": null, "message": "hi"}', "bad_request"],
			["a name by prototype only", '{"__proto__": {"name": "a", "message": "hi"}}', "bad_request"],
			["a name that is too long", exchangeText("x".repeat(257)), "bad_request"],
			["a list in a list", `[[${exchangeText("a")}]]`, "bad_request"],
			["nesting beyond the limit", `${"[".repeat(limits.depth + 1)}${"]".repeat(limits.depth + 1)}`, "too_deep"],
			["a number beyond 2^53", '{"name": "a", "message": "hi", "n": 9007199254740993}', "not_json"],
			["single quotes", "{'name': 'a', 'message': 'hi'}", "malformed"],
			["a comma too many", '{"name": "a", "message": "hi",}', "malformed"],
			["brackets that do not match", '{"name": ["a", "message": "hi"}}', "malformed"],
			["text without a newline", "hello server ", "malformed"],
			["a number", "42\n", "malformed"],
			["a string", '"hello"\n', "malformed"],
			["Python's repr of bytes", "b''", "malformed"],
			["XML with the wrong root's end", "<exchange><name>a</nome></exchange>", "malformed"],
			["XML without a message", "<exchange><name>a</name></exchange>", "bad_request"],
			["XML with an unknown entity", "<exchange><name>&me;</name><message>hi</message></exchange>", "malformed"],
		])("%s", async (_, bad, code) => {
			await storing(["before", "after"], async () => {
				using client = await connectTcp(address);
				await client.send(exchangeText("before"));
				expect(readLine(await client.read())).toMatchObject({ status: "success" });
				await client.send(bad);
				const answer = (await client.read()).toString();
				if (bad.startsWith("<")) expect(answer).toContain(`<status>error</status><code>${code}</code>`);
				else expect(readLine(answer)).toMatchObject({ status: "error", code });
				expect(Buffer.byteLength(answer)).toBeLessThanOrEqual(1024);
				await client.send(exchangeText("after"));
				expect(readLine(await client.read())).toMatchObject({ status: "success" });
			});
		});

		test("a packet that is an answer, in a packet of type error", async () => {
			await storing(["after"], async () => {
				using client = await connectTcp(address);
				await client.send(encodePacket("reply", "json", exchangeText("a reply")));
				const packet = await client.read();
				expect(decodePacketHeader(packet)).toMatchObject({ ok: true, value: { type: "error", body: "json" } });
				expect(packet.subarray(packetHeaderBytes).toString()).toContain('"code":"bad_request"');
				await client.send(exchangeText("after"));
				expect(readLine(await client.read())).toMatchObject({ status: "success" });
			});
		});
	});

	describe("a value after which nothing can be trusted is answered, and the connection ends", () => {
		test.each([
			["bytes that are not UTF-8", Buffer.from('{"name": "\xff"}', "latin1"), "bad_encoding"],
			["a value that is too big", exchangeText("big", "x".repeat(limits.tcpValueBytes)), "too_big"],
			["XML with a DOCTYPE", '<!DOCTYPE e [<!ENTITY a "b">]><exchange/>', "malformed"],
		])("%s", async (_, bad, code) => {
			await storing([], async () => {
				using client = await connectTcp(address);
				await client.send(bad);
				await client.send(exchangeText("after"));
				const answer = await client.rest();
				if (typeof bad === "string" && bad.startsWith("<")) expect(answer).toContain(`<code>${code}</code>`);
				else expect(readLine(answer)).toMatchObject({ status: "error", code });
			});
		});

		test.each([
			["of another version", 2, 9, "unsupported"],
			["that is too big", 6, 1, "too_big"],
		])("a packet %s", async (_, place, byte, code) => {
			await storing([], async () => {
				const packet = encodePacket("message", "json", exchangeText("a"));
				packet[place] = byte;
				const answer = Buffer.from(await say(packet)).toString();
				expect(answer).toContain(`"code":"${code}"`);
			});
		});
	});

	describe("faults beyond the limit end the connection", () => {
		test.each([
			["values that are refused", "{}"],
			["lines of junk", "junk\n"],
		])("%s, all at once", async (_, bad) => {
			await storing([], async () => {
				using client = await connectTcp(address);
				await client.send(`${bad.repeat(5 * limits.tcpFaults)}${exchangeText("after")}`);
				expect(linesOf(await client.rest())).toHaveLength(limits.tcpFaults);
			});
		});

		test("one by one, with good values between them that are all stored", async () => {
			const names = Array.from({ length: limits.tcpFaults }, (_, index) => `good-${index}`);
			await storing(names, async () => {
				using client = await connectTcp(address);
				for (const name of names) {
					await client.send(`${exchangeText(name)}{}`);
					for (let lines = 0; lines < 2; ) lines += (await client.read()).toString().split("\r\n").length - 1;
				}
				expect(await client.rest()).toBe("");
			});
		});
	});

	test("after all of it the server is healthy and serves a normal exchange", async () => {
		expect(await getJson(`${server.url}/health`)).toMatchObject({ status: "ok" });
		await storing(["normal"], async () => {
			expect(linesOf(await say(exchangeText("normal")))).toMatchObject([{ status: "success" }]);
		});
	});
});

function linesOf(text: string) {
	expect(text).toMatch(/\r\n$/);
	return text
		.slice(0, -2)
		.split("\r\n")
		.map((line) => readLine(`${line}\r\n`));
}

/** Text as an XML element of type escaped holds it. */
function escaped(text: string): string {
	return text
		.replaceAll("\\", "\\\\")
		.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
		.replaceAll("&", "&amp;");
}
