/** What a principal may do: capabilities as a token carries them, and the rights that are made of them once. */
import { limits } from "./limits.ts";
import { containsPattern, matchesParts, type Pattern, readPattern } from "./patterns.ts";
import { type Fault, fail, type Result, succeed } from "./result.ts";

/** What can be allowed, in the order of the reference. */
export const operations = [
	/** Store or pass on messages of a channel. */
	"publish",
	/** Get a channel's messages live, and those of the last two minutes. */
	"subscribe",
	/** Read a channel's messages however old they are. */
	"history",
	/** Be a member of a channel. */
	"presence",
	/** See who is a member of a channel, and how many there are. */
	"occupants",
	/** Read and watch the records of a collection. */
	"read",
	/** Create and change them. */
	"write",
	/** Delete them. */
	"delete",
	/** Call a service. */
	"call",
	/** Take the calls of a service. */
	"serve",
	/** List, purge, wipe. */
	"admin",
] as const;

/** One thing that can be allowed. */
export type Operation = (typeof operations)[number];

/** What a right is about. The names are those of the URLs. */
export type ResourceKind = (typeof resourceKinds)[number];

const resourceKinds = ["channels", "collections", "services"] as const;

/** A part of what a principal may do: these operations on whatever `on` stands for. Rights are the union of such. */
export interface Capability {
	readonly allow: readonly Operation[];
	/** `<space>/<channels|collections|services>/<name>`, each of the three a pattern for itself: `team-42/channels/chat:*`. */
	readonly on: string;
}

/** Everything, everywhere: dev mode. */
export const everything: readonly Capability[] = [{ allow: operations, on: "**/*/**" }];

/** Capabilities, ready to be asked. What no capability allows is not allowed. */
export interface Rights {
	/** Whether an operation is allowed on one thing of a space. Names are compared as they are written, case and all. */
	allows(operation: Operation, space: string, kind: ResourceKind, name: string): boolean;
	/**
	 * Whether all that `capabilities` allow is allowed here: for each operation and kind of them, one capability that stands
	 * for at least the same names. What only several together stand for is not found.
	 */
	covers(capabilities: readonly Capability[]): boolean;
}

/**
 * Reads capabilities that came from outside: a list of at most `limits.capabilities`, each with `allow` and `on` and nothing
 * else. There is no entry that denies: one that looks like it is refused, never passed over.
 */
export function readCapabilities(value: unknown): Result<readonly Capability[]> {
	if (!Array.isArray(value)) return fail("bad_request", "Capabilities are a list of {allow, on}.");
	if (value.length > limits.capabilities) {
		return fail("bad_request", `At most ${limits.capabilities} capabilities go together.`);
	}
	const read: Capability[] = [];
	for (const [index, item] of value.entries()) {
		const capability = readCapability(item as unknown, index);
		if (!capability.ok) return capability;
		read.push(capability.value);
	}
	return succeed(read);
}

/** The fault of an operation that is not allowed. */
export function missingRight(operation: Operation, space: string, kind: ResourceKind, name: string): Fault {
	return fail("forbidden", `This needs ${operation} on ${space}/${kind}/${name}.`).fault;
}

/** Makes rights of capabilities. One that `readCapabilities` would refuse allows nothing. */
export function compileRights(capabilities: readonly Capability[]): Rights {
	const grants = new Grants(capabilities);
	return {
		allows: (operation, space, kind, name) => grants.allows(operation, space, kind, name),
		covers: (others) => others.every((other) => grants.covers(other)),
	};
}

/** What `on` says. */
interface Target {
	readonly space: Pattern;
	readonly kinds: readonly ResourceKind[];
	readonly name: Pattern;
}

type Grant = Pick<Target, "space" | "name">;

/** For each operation and kind what it is allowed on, so that a question looks at nothing else. */
class Grants {
	readonly #grants = new Map<string, Grant[]>();

	constructor(capabilities: readonly Capability[]) {
		for (const { allow, on } of capabilities) {
			const target = readTarget(on);
			if (!target.ok) continue;
			for (const [operation, kind] of pairsOf(allow, target.value.kinds)) {
				const key = keyOf(operation, kind);
				this.#grants.set(key, [...(this.#grants.get(key) ?? []), target.value]);
			}
		}
	}

	allows(operation: Operation, space: string, kind: ResourceKind, name: string): boolean {
		const grants = this.#grants.get(keyOf(operation, kind));
		if (!grants) return false;
		const spaceParts = space.split(":");
		const nameParts = name.split(":");
		return grants.some((grant) => matchesParts(grant.name, nameParts) && matchesParts(grant.space, spaceParts));
	}

	covers({ allow, on }: Capability): boolean {
		const target = readTarget(on);
		if (!target.ok) return false;
		const { space, name, kinds } = target.value;
		return pairsOf(allow, kinds).every(([operation, kind]) =>
			this.#grants
				.get(keyOf(operation, kind))
				?.some((grant) => containsPattern(grant.space, space) && containsPattern(grant.name, name)),
		);
	}
}

function readCapability(item: unknown, index: number): Result<Capability> {
	const refuse = (message: string) => fail("bad_request", `Capability ${index}: ${message}`);
	if (typeof item !== "object" || item === null || Array.isArray(item)) return refuse("send {allow, on}.");
	const { allow, on, ...others } = item as { readonly allow?: unknown; readonly on?: unknown };
	if (Object.keys(others).length > 0) return refuse("it has allow and on, and nothing else. Nothing can be denied.");
	if (!isOperations(allow)) return refuse(`allow is a list of ${operations.join(", ")}, each at most once.`);
	if (typeof on !== "string") return refuse(`on is a text: ${form}.`);
	const target = readTarget(on);
	return target.ok ? succeed({ allow, on }) : refuse(target.fault.message);
}

function isOperations(value: unknown): value is readonly Operation[] {
	return (
		Array.isArray(value) &&
		value.length > 0 &&
		value.length <= operations.length &&
		value.every((item) => operations.some((operation) => operation === item)) &&
		new Set(value).size === value.length
	);
}

const form = "<space>/<channels, collections, services or *>/<name>";

/** Longest `on` that can be one: two names and a kind. */
const targetLength = 2 * limits.nameLength + "/collections/".length;

function readTarget(on: string): Result<Target> {
	const fault = fail("bad_request", `on is ${form}, each a pattern: a part may be *, the last one **.`);
	if (on.length > targetLength) return fault;
	const [first = "", kind = "", last = "", ...rest] = on.split("/");
	const space = readPattern(first);
	const kinds = kind === "*" || kind === "**" ? resourceKinds : resourceKinds.filter((each) => each === kind);
	const name = readPattern(last);
	if (!space.ok || !name.ok || kinds.length === 0 || rest.length > 0) return fault;
	return succeed({ space: space.value, kinds, name: name.value });
}

function pairsOf(allow: readonly Operation[], kinds: readonly ResourceKind[]): (readonly [Operation, ResourceKind])[] {
	return allow.flatMap((operation) => kinds.map((kind) => [operation, kind] as const));
}

function keyOf(operation: Operation, kind: ResourceKind): string {
	return `${operation} ${kind}`;
}
