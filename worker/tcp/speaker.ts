import type { Exchange } from "../../protocol/exchange.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";

/**
 * Stores exchanges in order, all or none, and resolves to what each is answered; never rejects. It is called again before
 * it has resolved, and stores in the order of the calls.
 */
export type StoreExchanges = (exchanges: readonly Exchange[]) => Promise<Result<readonly string[]>>;

/** Takes what somebody shows to say who they are, and resolves to what then stores for them. */
export type Authenticate = (credential: string) => Promise<Result<StoreExchanges>>;

/** Who speaks on a connection, and so what is stored for it: for nobody nothing, where it has to be shown first who that is. */
export class Speaker {
	readonly #authenticate: Authenticate | undefined;
	#store: Promise<Result<StoreExchanges>>;
	#known: boolean;
	#over = false;

	/** `store`: what stores without being shown anything; with `authenticate` it is not used. */
	constructor(store: StoreExchanges, authenticate: Authenticate | undefined) {
		this.#authenticate = authenticate;
		this.#known = authenticate === undefined;
		this.#store = Promise.resolve(authenticate === undefined ? succeed(store) : nobody);
	}

	/** Whether it has to be shown who speaks. */
	get asks(): boolean {
		return this.#authenticate !== undefined;
	}

	/** Whether it is known who speaks. */
	get known(): boolean {
		return this.#known;
	}

	/** Whether the connection ends: somebody spoke who may not, or no longer. */
	get over(): boolean {
		return this.#over;
	}

	/** Stores for who speaks: whoever was last shown before, also where that is still being looked at. */
	readonly store: StoreExchanges = async (exchanges) => {
		const store = await this.#store;
		const stored = store.ok ? await store.value(exchanges) : store;
		if (!stored.ok && ends.has(stored.fault.code)) this.#over = true;
		return stored;
	};

	/** Is shown who speaks from now on. */
	async show(credential: string): Promise<Result<string>> {
		if (this.#authenticate === undefined) return nobody;
		this.#store = this.#authenticate(credential);
		const store = await this.#store;
		if (!store.ok) {
			this.#over = true;
			return store;
		}
		this.#known = true;
		return succeed("Go on.");
	}
}

const nobody = fail("unauthorized", 'Say first who you are: {"auth": "<token>"}.');

/** After these nobody is there whose word counts. */
const ends: ReadonlySet<string> = new Set(["unauthorized", "token_expired", "token_revoked"]);
