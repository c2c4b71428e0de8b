/** Calls listeners by event name. `Events` maps each name to what its listeners get. */
export class Emitter<Events extends object> {
	readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();
	readonly #onThrow: (thrown: unknown) => void;

	/** `onThrow` gets what a listener throws: one that fails must stop neither the others nor the SDK. */
	constructor(onThrow: (thrown: unknown) => void) {
		this.#onThrow = onThrow;
	}

	/** Adds a listener. Returns a function that takes it away again. */
	on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
		const listeners = this.#listeners.get(name) ?? new Set();
		this.#listeners.set(name, listeners);
		// A wrapper of its own for each call: the same function added twice is called twice, and taken away one by one.
		const call = (event: never) => listener(event);
		listeners.add(call);
		return () => void listeners.delete(call);
	}

	/** Calls every listener of that name. Says whether there was one. */
	emit<Name extends keyof Events>(name: Name, event: Events[Name]): boolean {
		const listeners = this.#listeners.get(name);
		if (!listeners?.size) return false;
		for (const listener of [...listeners]) {
			try {
				listener(event as never);
			} catch (thrown) {
				this.#onThrow(thrown);
			}
		}
		return true;
	}
}
