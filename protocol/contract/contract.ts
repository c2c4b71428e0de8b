import type { StandardSchema } from "./standard-schema.ts";

/** What a service takes and answers. */
export interface ServiceContract {
	readonly input?: StandardSchema;
	readonly output?: StandardSchema;
}

/**
 * What messages, records and calls look like: schemas of any library that keeps to Standard Schema, such as zod and valibot.
 * The server keeps it, and the SDK has its types. What it does not name may be anything.
 */
export interface Contract {
	/** The data of messages, by patterns of channels: a part may be `*`, the last one `**`; the most specific one decides. */
	readonly channels?: { readonly [pattern: string]: StandardSchema };
	/** The data of records, by patterns of collections. */
	readonly collections?: { readonly [pattern: string]: StandardSchema };
	/** By the name of a service. */
	readonly services?: { readonly [name: string]: ServiceContract };
}

/** Types a contract; changes nothing. */
export function defineContract<const Defined extends Contract>(contract: Defined): Defined {
	return contract;
}
