/**
 * What Aerogram promises over one transport, each promise in a sentence. The suite needs no test runner: the same list runs
 * in workerd, in Node and in Chromium under Vitest, and under plain Node 20 against the packed package.
 */
import { callPromises } from "./calls.ts";
import { channelPromises } from "./channels.ts";
import { connectionPromises } from "./connections.ts";
import { passingPromises } from "./passing.ts";
import { presencePromises } from "./presence.ts";
import type { Feature, Promised } from "./promise.ts";
import { publishPromises } from "./publishing.ts";
import { recordPromises } from "./records.ts";
import { servePromises } from "./serving.ts";
import { subscribePromises } from "./subscribing.ts";
import { transactionPromises } from "./transactions.ts";
import { watchPromises } from "./watching.ts";

/** A promise with all that it needs. */
export type SuitePromise = Promised & Required<Pick<Promised, "needs">>;

/** Every promise. */
export const promises: readonly SuitePromise[] = [
	...needing("publish", publishPromises),
	...needing("publish", passingPromises),
	...needing("subscribe", subscribePromises),
	...needing("channels", channelPromises),
	...needing("reconnect", connectionPromises),
	...needing("presence", presencePromises),
	...needing("calls", callPromises),
	...needing("serve", servePromises),
	...needing("records", recordPromises),
	...needing("watch", watchPromises),
	...needing("transactions", transactionPromises),
];

function needing(feature: Feature, some: readonly Promised[]): SuitePromise[] {
	return some.map((promise) => ({ ...promise, needs: [feature, ...(promise.needs ?? [])] }));
}
