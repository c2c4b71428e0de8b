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

/** One promise: it rejects when it is not kept. */
export interface Promised {
	readonly name: string;
	keep(stage: Stage): Promise<void>;
}
