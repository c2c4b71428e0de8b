/**
 * The interface that schema libraries agree on, so that none of them is needed here: Standard Schema, version 1, and what it
 * says of JSON Schema (https://standardschema.dev). Types only.
 */

/** A schema of any library that keeps to Standard Schema. */
export interface StandardSchema<Input = unknown, Output = Input> {
	readonly "~standard": StandardProps<Input, Output>;
}

/** What stands in a schema under `~standard`. */
export interface StandardProps<Input = unknown, Output = Input> {
	readonly version: 1;
	/** The library. */
	readonly vendor: string;
	/** Checks a value. One that returns a promise cannot be used here. */
	readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
	/** Only for the compiler. */
	readonly types?: { readonly input: Input; readonly output: Output } | undefined;
	/** Where the library can say it: the schema as JSON Schema. May throw. */
	readonly jsonSchema?: {
		readonly input: (options: { readonly target: "draft-2020-12" }) => Record<string, unknown>;
		readonly output: (options: { readonly target: "draft-2020-12" }) => Record<string, unknown>;
	};
}

/** What a check comes to: a value, perhaps another one than was given; or what is wrong. */
export type StandardResult<Output> =
	| { readonly value: Output; readonly issues?: undefined }
	| { readonly issues: readonly StandardIssue[] };

/** One thing that is wrong, and where. */
export interface StandardIssue {
	readonly message: string;
	readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema takes. */
export type InputOf<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>["input"];

/** What a schema gives out. */
export type OutputOf<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>["output"];
