import type { Aerogram, AerogramOptions } from "../../sdk/index.ts";

/** What a promise is tried with. */
export interface Stage {
	/** A new client, closed when the promise has been tried. */
	connect(options?: AerogramOptions): Aerogram;
	/** The same, but its connections run through a proxy that `cut` cuts. */
	connectCuttable(options?: AerogramOptions): Aerogram;
	/** Cuts every connection of the proxy, in the middle of whatever they carry. */
	cut(): Promise<void>;
	/** A space that no other promise uses. */
	readonly space: string;
	/** The server, for plain HTTP. */
	readonly url: string;
	/** Whether an error is one of the SDK's, by its own guard. */
	isAerogramError(error: unknown): error is Error & { readonly code: string; readonly retryable: boolean };
}

/** What a transport can do, each by the promises that need it. The order is that of the table in the documents. */
export const features = {
	publish: "stores what is published, once, in order, before it is acknowledged",
	subscribe: "replays from any place, then live, without a gap or a double, at the reader's pace",
	channels: "serves many channels at once, and tells of purges, wipes and lost positions",
	reconnect: "goes on after cuts and silence, and says how it stands",
	"take-over": "tells a client that another one with its id took over",
	ephemeral: "delivers messages that are not stored",
	presence: "tells who is on a channel, through cuts and restarts",
	calls: "calls services, and gets their replies across lost connections",
	serve: "serves calls, and tells how far each is",
	records: "keeps records in collections, each write done once",
	watch: "tells how records are, then each change of them once, and keeps copies of them",
	transactions: "stores messages and records together or not at all, and refuses what is written under a lost lock",
} as const;

/** One of them. */
export type Feature = keyof typeof features;

/** One promise: it rejects when it is not kept. */
export interface Promised {
	readonly name: string;
	/** What a transport must be able to do for it, besides what its list needs. */
	readonly needs?: readonly Feature[];
	keep(stage: Stage): Promise<void>;
}
