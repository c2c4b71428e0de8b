import type { Json } from "../envelopes.ts";
import type { InputOf, OutputOf, StandardSchema } from "./standard-schema.ts";

/** No contract: everything may be anything. */
export type NoContract = Record<never, never>;

/** What a record holds that no contract speaks of. */
type AnyObject = { readonly [key: string]: Json };

type Parts<Name extends string> = Name extends `${infer Head}:${infer Tail}` ? [Head, ...Parts<Tail>] : [Name];

/** The first that is not never. */
type Or<One, Other> = [One] extends [never] ? Other : One;

type Among<Patterns, Candidate extends string> = Candidate extends Patterns ? Candidate : never;

/**
 * The pattern that decides for a name, as `protocol/patterns.ts` finds it: part by part, the part itself before `*` before
 * `**`. A part that the compiler does not know, as in `chat:${room}`, is taken for none that a pattern names.
 */
type Decisive<Patterns, Names extends readonly string[], Before extends string = ""> = Names extends readonly [
	infer Head extends string,
	...infer Tail extends readonly string[],
]
	? Tail extends readonly []
		? Or<Among<Patterns, `${Before}${Head}`>, Or<Among<Patterns, `${Before}*`>, Among<Patterns, `${Before}**`>>>
		: Or<
				Decisive<Patterns, Tail, `${Before}${Head}:`>,
				Or<Decisive<Patterns, Tail, `${Before}*:`>, Among<Patterns, `${Before}**`>>
			>
	: never;

/** The schema for a name; never where none speaks of it, or the name is known only as some text. */
type SchemaFor<Schemas, Name extends string> = string extends Name
	? never
	: Schemas[Decisive<keyof Schemas, Parts<Name>> & keyof Schemas];

type InputFor<Schema, Otherwise> = [Schema] extends [never]
	? Otherwise
	: Schema extends StandardSchema
		? InputOf<Schema>
		: Otherwise;

type OutputFor<Schema, Otherwise> = [Schema] extends [never]
	? Otherwise
	: Schema extends StandardSchema
		? OutputOf<Schema>
		: Otherwise;

/** Records are objects; a schema that gives out something else stores nothing. */
type ObjectOf<Type> = Type extends object ? Type : never;

type Section<Contracted, Name extends string> = Contracted extends { readonly [Key in Name]: infer Schemas }
	? Schemas
	: NoContract;

type ServiceSchema<Contracted, Name extends string, Side extends "input" | "output"> =
	Section<Contracted, "services"> extends infer Services
		? Name extends keyof Services
			? Services[Name] extends { readonly [Key in Side]: infer Schema extends StandardSchema }
				? Schema
				: never
			: never
		: never;

/** What is published to a channel. */
export type ChannelInput<Contracted, Name extends string> = InputFor<
	SchemaFor<Section<Contracted, "channels">, Name>,
	Json
>;

/** What subscribers and readers of a channel get. */
export type ChannelOutput<Contracted, Name extends string> = OutputFor<
	SchemaFor<Section<Contracted, "channels">, Name>,
	Json
>;

/** What is written to a collection. */
export type RecordInput<Contracted, Name extends string> = ObjectOf<
	InputFor<SchemaFor<Section<Contracted, "collections">, Name>, AnyObject>
>;

/** What readers of a collection get. */
export type RecordOutput<Contracted, Name extends string> = ObjectOf<
	OutputFor<SchemaFor<Section<Contracted, "collections">, Name>, AnyObject>
>;

/** What a caller gives a service. */
export type ServiceInput<Contracted, Name extends string> = InputFor<ServiceSchema<Contracted, Name, "input">, Json>;

/** What the handler of a service gets. */
export type ServiceRequest<Contracted, Name extends string> = OutputFor<ServiceSchema<Contracted, Name, "input">, Json>;

/** What the handler of a service answers. */
export type ServiceReply<Contracted, Name extends string> = InputFor<ServiceSchema<Contracted, Name, "output">, Json>;

/** What a caller of a service gets. */
export type ServiceOutput<Contracted, Name extends string> = OutputFor<ServiceSchema<Contracted, Name, "output">, Json>;
