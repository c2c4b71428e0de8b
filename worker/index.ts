import { createApp } from "./app.ts";
import { serveTcp } from "./connect.ts";
import type { Env } from "./env.ts";

export { Directory } from "./directory/directory.ts";
export { Space } from "./space/space.ts";

const app = createApp();

/** The Worker: HTTP and WebSocket by `fetch`, raw TCP by `connect` where the runtime offers inbound TCP. */
export default {
	fetch: app.fetch,
	connect: serveTcp,
} satisfies ExportedHandler<Env> & { connect: typeof serveTcp };
