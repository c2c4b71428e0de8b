import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { serveHere } from "../helpers/server.ts";

test("a socket is never compressed, whatever its client offers: a few bytes cannot become megabytes in the server", async () => {
	await using server = await serveHere();
	const upgrade = request(`${server.url}/v1/spaces/default/socket`, {
		headers: {
			connection: "Upgrade",
			upgrade: "websocket",
			"sec-websocket-version": "13",
			"sec-websocket-key": Buffer.alloc(16).toString("base64"),
			"sec-websocket-extensions": "permessage-deflate; client_max_window_bits",
		},
	});
	upgrade.end();
	const [response, socket] = (await once(upgrade, "upgrade")) as [IncomingMessage, Socket];
	socket.destroy();
	expect(response.statusCode).toBe(101);
	expect(response.headers["sec-websocket-extensions"]).toBeUndefined();
});
