import type { Aerogram, AerogramOptions, isAerogramError } from "../../sdk/index.ts";
import type { Promised, Stage } from "./promise.ts";
import type { ClientTransportId } from "./transports.ts";

/** Where the server is, and how its proxy is cut. */
export interface Target {
	readonly url: string;
	readonly cuttableUrl: string;
	readonly cutUrl: string;
}

declare module "vitest" {
	interface ProvidedContext {
		promiseTarget: Target;
		/** The transports that are tried in workerd and in Chromium. */
		promiseTransports: readonly ClientTransportId[];
	}
}

/** What the suite needs of the SDK: the sources', or those of the installed package. */
export interface Sdk {
	readonly Aerogram: typeof Aerogram;
	readonly isAerogramError: typeof isAerogramError;
}

/** Reconnects come quickly in tests; nothing else is scaled, so that a busy machine fails no promise. */
const durations = { backoffBase: 10, backoffCap: 100, backoffFloor: 5, spread: 50 };

let spaces = 0;

/** Tries one promise on a stage of its own, and closes its clients whatever comes of it. */
export async function keep(promise: Promised, sdk: Sdk, target: Target, options: AerogramOptions = {}): Promise<void> {
	const clients: Aerogram[] = [];
	const open = (url: string, more: AerogramOptions = {}) => {
		const client = new sdk.Aerogram(url, { ...options, ...more, durations: { ...durations, ...more.durations } });
		clients.push(client);
		return client;
	};
	spaces += 1;
	const stage: Stage = {
		connect: (more) => open(target.url, more),
		connectCuttable: (more) => open(target.cuttableUrl, more),
		cut: async () => void (await fetch(target.cutUrl, { method: "POST" })),
		space: `promise-${spaces}-${Math.random().toString(36).slice(2)}`,
		url: target.url,
		isAerogramError: sdk.isAerogramError,
	};
	try {
		await promise.keep(stage);
	} finally {
		for (const client of clients) client.close();
	}
}
