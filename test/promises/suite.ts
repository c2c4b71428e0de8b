/**
 * What Aerogram promises over one transport, each promise in a sentence. The suite needs no test runner: the same list runs
 * in workerd, in Node and in Chromium under Vitest, and under plain Node 20 against the packed package.
 */
import { channelPromises } from "./channels.ts";
import { connectionPromises } from "./connections.ts";
import type { Promised } from "./promise.ts";
import { publishPromises } from "./publishing.ts";
import { subscribePromises } from "./subscribing.ts";

/** Every promise. */
export const promises: readonly Promised[] = [
	...publishPromises,
	...subscribePromises,
	...channelPromises,
	...connectionPromises,
];
