import type { DirectoryApi } from "../directory/api.ts";
import type { Schema } from "./parts/schema/schema.ts";

/** The shard of the Directory that knows a space. */
export type ListingDirectoryOf = (space: string) => Pick<DirectoryApi, "add" | "visit">;

/** Tells the Directory of a space, once, after its first write; and of sockets. Not waited for: no publish depends on it. */
export class Listing {
	readonly #directoryOf: ListingDirectoryOf;
	readonly #schema: Schema;
	readonly #name: string;
	#told = false;
	#toldOfVisit = false;

	/** `name` is that of the space. */
	constructor(directoryOf: ListingDirectoryOf, schema: Schema, name: string) {
		this.#directoryOf = directoryOf;
		this.#schema = schema;
		this.#name = name;
	}

	/** Something of the space is stored. */
	stored(): void {
		if (this.#told) return;
		this.#told = true;
		if (this.#schema.listed) return;
		this.#directoryOf(this.#name)
			.add(this.#name)
			.then(
				() => this.#schema.markListed(),
				() => {
					this.#told = false;
				},
			);
	}

	/** Somebody who can be revoked has a socket, perhaps where nothing is stored: the space is to be told of revocations. */
	visited(): void {
		if (this.#toldOfVisit || this.#schema.listed) return;
		this.#toldOfVisit = true;
		this.#directoryOf(this.#name)
			.visit(this.#name)
			.catch(() => {
				this.#toldOfVisit = false;
			});
	}
}
