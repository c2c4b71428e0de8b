import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { get, request } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectFolder } from "../../tools/build.ts";
import { curl } from "../helpers/curl.ts";
import { waitUntil } from "../helpers/processes.ts";
import { runPython } from "../helpers/python.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

const run = promisify(execFile);

let server: TestServer;
let ca: string;
let port: string;

beforeAll(async () => {
	// A stream learns from its next comment that its reader is gone: that comes after 1.5 s and not after 15.
	server = await startServer({ args: ["--https"], env: { AEROGRAM_DURATION_SCALE: "0.1" } });
	ca = join(server.dataDir, "https", "ca.pem");
	port = new URL(server.url).port;
});
afterAll(() => server.stop());

/** A program that publishes to itself by the SDK's socket, and prints what came of it. */
const subscriber = `
	import { Aerogram } from ${JSON.stringify(join(projectFolder, "sdk", "index.ts"))};
	const aerogram = new Aerogram(process.argv[1]);
	const space = aerogram.space("https");
	space.on("state", ({ state, reason }) => {
		if (state !== "waiting") return;
		console.log(reason.code);
		process.exit();
	});
	const channel = space.channel("chat");
	const messages = channel.subscribe({ from: "live" });
	await messages.ready;
	await channel.publish({ text: "over TLS 你好" });
	for await (const { data } of messages) {
		console.log(data.text);
		break;
	}
	aerogram.close();
`;

async function subscribe(url: string, authority?: string): Promise<string> {
	const env = { ...process.env, ...(authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: authority }) };
	const args = ["--input-type=module-typescript", "--eval", subscriber, "--", url];
	const { stdout } = await run(process.execPath, args, { env, timeout: 30_000 });
	return stdout.trim();
}

describe.each(["localhost", "127.0.0.1", "[::1]"])("aerogram dev --https at %s", (host) => {
	const at = () => `https://${host}:${port}`;
	const health = '{"status":"ok","mode":"dev"}';

	test("is trusted by curl with the authority, and by none without", async () => {
		expect(await curl("--cacert", ca, `${at()}/health`)).toEqual({ code: 0, output: `${health}\n` });
		// 60: the certificate of the peer cannot be verified.
		expect(await curl(`${at()}/health`)).toEqual({ code: 60, output: "" });
	});

	test.each(["lenient", "strict"])("is trusted by Python's default context with the authority, %s", async (strict) => {
		expect(await runPython("https.py", [`${at()}/health`, ca, strict])).toBe(`200 ${health}\n`);
		expect(await runPython("https.py", [`${at()}/health`, "", strict])).toBe("SSLCertVerificationError\n");
	});

	test("serves a subscription of the SDK by wss with verification on, and none to who does not trust it", async () => {
		expect(await subscribe(at(), ca)).toBe("over TLS 你好");
		expect(await subscribe(at())).toBe("network");
	});

	test("tells who speaks plain HTTP to say https, in one line", async () => {
		const { code, output } = await curl("--include", `http://${host}:${port}/health`);
		expect(code).toBe(0);
		expect(output).toMatch(/^HTTP\/1\.1 400 /);
		expect(output.split("\r\n\r\n")[1]).toBe(`This port speaks HTTPS: use https://localhost:${port}/\n`);
	});

	test("stands before OpenSSL's strict rules", async () => {
		const name = host.startsWith("l") ? ["-verify_hostname", host] : ["-verify_ip", host.replace(/[[\]]/g, "")];
		const asked = run("openssl", [
			...["s_client", "-connect", `${host}:${port}`, "-CAfile", ca],
			...["-x509_strict", "-verify_return_error", ...name],
		]);
		asked.child.stdin?.end();
		expect((await asked).stdout).toContain("Verify return code: 0 (ok)");
	});
});

describe("aerogram dev --https", () => {
	test("the key of the authority is its owner's alone", async () => {
		const { mode } = await stat(join(server.dataDir, "https", "ca-key.pem"));
		expect((mode & 0o777).toString(8)).toBe("600");
	});

	test("a redirect and the link of a page stay on https", async () => {
		const messages = `${server.url}/v1/spaces/links/channels/chat/messages`;
		for (const data of [1, 2]) {
			const post = ["--cacert", ca, messages, "--header", "content-type: application/json"];
			expect((await curl(...post, "--data", JSON.stringify({ data }))).code).toBe(0);
		}
		const { output } = await curl("--cacert", ca, "--include", `${messages}?limit=1`);
		expect(output).toMatch(/^link: <\/v1\/.*>; rel="next"/im);
		expect(output).not.toContain("http://");
	});

	test("an event stream comes through as it happens, and ends at the server with its reader", async () => {
		const authority = await readFile(ca);
		const messages = `${server.url}/v1/spaces/streams/channels/chat/messages`;
		const asked = get(messages, { ca: authority, headers: { accept: "text/event-stream" } });
		const [response] = (await once(asked, "response")) as [IncomingMessage];
		let heard = "";
		response.setEncoding("utf8").on("data", (piece: string) => {
			heard += piece;
		});
		for (let number = 1; number <= 3; number++) {
			const post = request(messages, {
				method: "POST",
				ca: authority,
				headers: { "content-type": "application/json" },
			}).end(JSON.stringify({ data: `event ${number}` }));
			const [answer] = (await once(post, "response")) as [IncomingMessage];
			expect(answer.statusCode).toBe(201);
			answer.resume();
			await waitUntil(`event ${number}`, () => heard.includes(`event ${number}`));
			expect(heard).not.toContain(`event ${number + 1}`);
		}
		const sockets = async () => {
			const { output } = await curl("--cacert", ca, `${server.url}/v1/spaces/streams`);
			return (JSON.parse(output) as { readonly sockets: number }).sockets;
		};
		expect(await sockets()).toBe(1);
		response.destroy();
		await waitUntil("the server lets go of the stream", async () => (await sockets()) === 0);
	});
});
