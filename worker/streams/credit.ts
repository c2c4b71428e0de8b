/** Credit is due after this many messages, … */
const dueMessages = 32;
/** … after 64 KiB, a UTF-16 unit being at most three bytes of UTF-8, … */
const dueUnits = 21_845;

/** … and at least every `interval` milliseconds while anything is consumed. Gathers the credit of all that is read on a socket, by name. */
export class CreditPurse<Place> {
	readonly #interval: number;
	readonly #pay: (owed: ReadonlyMap<string, Place>) => void;
	#owed = new Map<string, Place>();
	#messages = 0;
	#units = 0;
	#timer: ReturnType<typeof setTimeout> | null = null;

	constructor(interval: number, pay: (owed: ReadonlyMap<string, Place>) => void) {
		this.#interval = interval;
		this.#pay = pay;
	}

	/** Everything of `name` up to a place has been consumed; the last of it were so many messages and UTF-16 units. */
	consumed(name: string, place: Place, messages: number, units: number): void {
		this.#owed.set(name, place);
		this.#messages += messages;
		this.#units += units;
		if (this.#messages >= dueMessages || this.#units >= dueUnits) this.#settle();
		else this.#timer ??= setTimeout(() => this.#settle(), this.#interval);
	}

	/** Forgets what is owed: its socket has ended, or a subscription starts anew. */
	clear(): void {
		clearTimeout(this.#timer);
		this.#timer = null;
		this.#owed = new Map();
		this.#messages = 0;
		this.#units = 0;
	}

	#settle(): void {
		const owed = this.#owed;
		this.clear();
		this.#pay(owed);
	}
}
