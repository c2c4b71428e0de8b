import type { NoContract } from "../protocol/contract/infer.ts";
import { AerogramError } from "./errors.ts";
import { Http } from "./http/http.ts";
import { type AerogramOptions, readOptions, readUrl } from "./options.ts";
import type { Settings } from "./settings.ts";
import { Space } from "./space.ts";

/** Registered by name: another copy of this package, such as one that a bundler has reloaded, finds the same ones. */
const registry: unique symbol = Symbol.for("aerogram.clients");

/**
 * A client of one server. Make one for a program and keep it: it is one `client` to the server, in every space. With a
 * contract, `new Aerogram<typeof contract>(url)`, channels and collections have its types.
 */
export class Aerogram<Contracted = NoContract> {
	/** HTTP requests to any route of the server. */
	readonly http: Http;
	readonly #settings: Settings;
	readonly #spaces = new Map<string, Space<Contracted>>();

	/** Connects to nothing yet, unless `queue` holds something. Throws `bad_request` for a URL that is none, `bad_name` for a client id that is none. */
	constructor(url: string | URL, options: AerogramOptions = {}) {
		this.#settings = readOptions(url, options);
		this.http = new Http(this.#settings);
		for (const space of this.#settings.queue?.spaces ?? []) this.space(space);
	}

	/**
	 * The one client of a URL: made by the first call, and the same object until it is closed, also for a module that is run
	 * again by hot reload: connections and subscriptions go on, so that the module should end those it made before. Other options make another client; those that are
	 * functions are not compared, and stay what they were in the first call. Throws as the constructor does.
	 */
	static shared(url: string | URL, options: AerogramOptions = {}): Aerogram {
		const place = globalThis as { [registry]?: Map<string, Aerogram> };
		place[registry] ??= new Map();
		const clients = place[registry];
		const key = JSON.stringify([readUrl(url), options]);
		const known = clients.get(key);
		if (known) return known;
		const client = new Aerogram(url, options);
		clients.set(key, client);
		client.#settings.closing.signal.addEventListener("abort", () => clients.delete(key));
		return client;
	}

	/** The id of this client. */
	get client(): string {
		return this.#settings.client;
	}

	/**
	 * A space, and always the same object for the same name: two connections of one client would take over from each other,
	 * and two counters would number different messages alike. Throws `bad_name`, and `closed` after `close()`.
	 */
	space(name: string): Space<Contracted> {
		this.#settings.closing.signal.throwIfAborted();
		const known = this.#spaces.get(name);
		if (known) return known;
		const space = new Space<Contracted>(name, this.#settings);
		this.#spaces.set(name, space);
		return space;
	}

	/** Closes every space for good, and gives up what still waits over HTTP. A Node process can then exit. */
	close(): void {
		this.#settings.closing.abort(new AerogramError("closed", "This client was closed; make another one."));
		for (const space of this.#spaces.values()) space.close();
		this.#settings.queue?.close();
	}
}
