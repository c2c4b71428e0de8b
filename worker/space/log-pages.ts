import { limits } from "../../protocol/limits.ts";
import type { Log } from "./parts/log/log.ts";
import type { Pages } from "./parts/outbox/outbox.ts";

/** What one `msg` from the log holds. */
const page = { count: Number.POSITIVE_INFINITY, size: limits.pageBytes };

/** The log as the outbox reads it. */
export function logPages(log: Log): Pages {
	return {
		head: ({ name }) => log.channel(name).head,
		page: ({ name }, after) => log.page(log.channel(name), { after, before: Number.POSITIVE_INFINITY }, page),
	};
}
