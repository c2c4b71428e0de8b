import type { Json } from "../protocol/envelopes.ts";

/** A JSON object of any kind: what a record holds when the application does not say more. */
export type JsonObject = { readonly [key: string]: Json };

/** One record of a collection. */
export interface CollectionRecord<Data = JsonObject> {
	/** Its name in the collection. */
	readonly id: string;
	/** Its revision: the number of the change of the collection that wrote it last. A later change has a higher one. */
	readonly rev: number;
	/** When it was written last, milliseconds since 1970. */
	readonly updated: number;
	/** When it expires, milliseconds since 1970, where it has a time to live. */
	readonly expires?: number;
	readonly data: Data;
	/** Names this revision of the record, for `ifMatch`. */
	readonly etag: string;
}
