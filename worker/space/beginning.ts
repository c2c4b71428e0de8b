import { erased } from "../../protocol/identity.ts";
import { failureLine } from "../../protocol/log.ts";
import type { DirectoryApi } from "../directory/api.ts";
import type { Schema } from "./parts/schema/schema.ts";

/** What keys are called as principals starts so. They are for servers, whose spaces nobody counts. */
const keyPrefix = "key:";

/** The shard of the Directory that knows a principal. */
export type DirectoryOf = (principal: string) => Pick<DirectoryApi, "claim" | "release">;

/** The refusal of one space too many. */
export const tooManySpaces = {
	ok: false,
	code: "too_many_spaces",
	message: "This principal has begun as many spaces as it may: use one of them, or wipe one.",
} as const;

/**
 * Who began a space: the first to connect or to write, which the Directory counts for each principal. It is asked once in the
 * life of a space, before anything is stored.
 */
export class Beginning {
	readonly #directoryOf: DirectoryOf;
	readonly #schema: Pick<Schema, "owner" | "keepOwner" | "dropOwner">;
	readonly #space: string;
	readonly #most: number;
	#begun: boolean;
	#asking: Promise<void> | undefined;

	/** `space`: its name. `most`: spaces that one principal may begin. */
	constructor(
		directoryOf: DirectoryOf,
		schema: Pick<Schema, "owner" | "keepOwner" | "dropOwner">,
		space: string,
		most: number,
	) {
		this.#directoryOf = directoryOf;
		this.#schema = schema;
		this.#space = space;
		this.#most = most;
		this.#begun = schema.owner !== undefined;
	}

	/**
	 * Whether a principal may use the space: somebody has begun it, or it does so now. All who ask meanwhile wait,
	 * and go on in their order. What is refused anyway begins nothing, and is told why by whoever it asks.
	 */
	async admits({ principal, refused }: { readonly principal: string; readonly refused?: unknown }): Promise<boolean> {
		if (refused !== undefined) return true;
		while (!this.#begun) {
			if (this.#asking) {
				await this.#asking;
				continue;
			}
			this.#asking = this.#ask(principal);
			await this.#asking;
			this.#asking = undefined;
			return this.#begun;
		}
		return true;
	}

	/** The space is wiped: it counts for nobody, until somebody begins it again. */
	wiped(): void {
		const { owner } = this.#schema;
		this.#begun = false;
		this.#schema.dropOwner();
		if (owner === undefined || owner === erased || owner.startsWith(keyPrefix)) return;
		this.#directoryOf(owner)
			.release(owner, this.#space)
			.catch((error: unknown) => console.error(failureLine("telling the directory of a wipe", error)));
	}

	/** A principal is erased: if it began the space, nobody known did, and the space counts for nobody. Rejects as the Directory does. */
	async forget(principal: string): Promise<void> {
		if (this.#schema.owner !== principal || principal === erased) return;
		if (!principal.startsWith(keyPrefix)) await this.#directoryOf(principal).release(principal, this.#space);
		// It may have been wiped meanwhile, and begun by somebody else.
		if (this.#schema.owner === principal) this.#schema.keepOwner(erased);
	}

	async #ask(principal: string): Promise<void> {
		try {
			const counts = !principal.startsWith(keyPrefix);
			if (counts && !(await this.#directoryOf(principal).claim(principal, this.#space, this.#most))) return;
			this.#schema.keepOwner(principal);
			this.#begun = true;
		} catch (error) {
			// A count that cannot be had keeps nobody from working: it is asked for at the next start.
			console.error(failureLine("asking the directory", error));
			this.#begun = true;
		}
	}
}
