import type { Session } from "./session.ts";

/** Requests of one client that polls, each a connection of its own, and the name that they have in common. */
interface Poller {
	readonly name: string;
	readonly open: Set<Session>;
}

/**
 * Who polls: for each client the poller that came last, so that an earlier one is told that it was replaced, as a socket
 * is. The object's sleep forgets pollers that had nothing open; the next to come is then taken for the last.
 */
export class Pollers {
	readonly #byClient = new Map<string, Poller>();
	readonly #most: number;

	/** `most`: clients that are remembered. */
	constructor(most: number) {
		this.#most = most;
	}

	/** A new poller takes over. Returns what the one before had open. */
	begin(client: string, name: string): readonly Session[] {
		const before = this.end(client);
		this.#remember(client, name);
		return before;
	}

	/** Whether a poller is still the last one of its client. */
	isLast(client: string, name: string): boolean {
		const last = this.#byClient.get(client);
		return last === undefined || last.name === name;
	}

	/** Another kind of connection took over from whoever polled. Returns what that one had open. */
	end(client: string): readonly Session[] {
		const before = this.#byClient.get(client);
		this.#byClient.delete(client);
		return [...(before?.open ?? [])];
	}

	/** A request of a poller is open. */
	add(client: string, name: string, session: Session): void {
		const poller = this.#byClient.get(client) ?? this.#remember(client, name);
		if (poller.name === name) poller.open.add(session);
	}

	/** A request is answered. */
	remove(client: string, session: Session): void {
		this.#byClient.get(client)?.open.delete(session);
	}

	#remember(client: string, name: string): Poller {
		const poller = { name, open: new Set<Session>() };
		this.#byClient.set(client, poller);
		if (this.#byClient.size > this.#most) this.#forgetOne();
		return poller;
	}

	/** Clients that polled once must not fill the memory: the oldest that has nothing open goes. */
	#forgetOne(): void {
		for (const [client, { open }] of this.#byClient) {
			if (open.size > 0) continue;
			this.#byClient.delete(client);
			return;
		}
	}
}
