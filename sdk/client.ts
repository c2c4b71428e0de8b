import { AerogramError } from "./errors.ts";
import { type AerogramOptions, readOptions, type Settings } from "./options.ts";
import { Space } from "./space.ts";

/** A client of one server. Make one for a program and keep it: it is one `client` to the server, in every space. */
export class Aerogram {
	readonly #settings: Settings;
	readonly #spaces = new Map<string, Space>();
	#closed = false;

	/** Connects to nothing yet. Throws `bad_request` for a URL that is none, `bad_name` for a client id that is none. */
	constructor(url: string | URL, options: AerogramOptions = {}) {
		this.#settings = readOptions(url, options);
	}

	/** The id of this client. */
	get client(): string {
		return this.#settings.client;
	}

	/**
	 * A space, and always the same object for the same name: two connections of one client would take over from each other,
	 * and two counters would number different messages alike. Throws `bad_name`, and `closed` after `close()`.
	 */
	space(name: string): Space {
		if (this.#closed) throw new AerogramError("closed", "This client was closed; make another one.");
		const known = this.#spaces.get(name);
		if (known) return known;
		const space = new Space(name, this.#settings);
		this.#spaces.set(name, space);
		return space;
	}

	/** Closes every space for good. A Node process can then exit. */
	close(): void {
		this.#closed = true;
		for (const space of this.#spaces.values()) space.close();
	}
}
