import { expect, test } from "vitest";
import { postJson } from "../helpers/http.ts";
import { processGroup, watchListener } from "../helpers/processes.ts";
import { startServer } from "../helpers/server.ts";

const exchange = "/v1/spaces/default/channels/exchange";

async function read(url: string): Promise<string> {
	return (await fetch(url)).text();
}

test("what was answered is there after SIGKILL of every process, on the same port, three times over", async () => {
	await using server = await startServer();
	const { url } = server;
	for (let life = 1; life <= 3; life++) {
		const answer = await postJson(`${url}/v1/exchange`, { name: "Ada", message: `in life ${life}` });
		expect(answer.status).toBe(200);
		const stored = await read(`${url}${exchange}/messages`);
		expect(stored).toContain(`in life ${life}`);
		const { pid } = server;
		const gone = [Number(new URL(url).port), server.tcp.port].map((port) => watchListener(port));
		await server.kill();
		expect(processGroup(pid)).toEqual([]);
		for (const isGone of gone) expect(await isGone()).toBe(true);
		await server.restart();
		expect(server.pid).not.toBe(pid);
		expect(await read(`${url}${exchange}/messages`)).toBe(stored);
	}
});
