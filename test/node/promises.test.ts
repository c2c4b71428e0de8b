import { afterAll, beforeAll, test } from "vitest";
import { Aerogram, isAerogramError } from "../../sdk/index.ts";
import { startPromiseServer } from "../helpers/promise-server.ts";
import { keep } from "../promises/stage.ts";
import { promises } from "../promises/suite.ts";

let server: Awaited<ReturnType<typeof startPromiseServer>>;
beforeAll(async () => {
	server = await startPromiseServer();
});
afterAll(() => server?.stop());

test.each(promises)("WebSocket in Node: $name", (promise) => keep(promise, { Aerogram, isAerogramError }, server));
