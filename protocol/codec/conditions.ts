/** The conditions of a write, as an envelope or an item of a transaction says them in `if`. */
import type { LockHold } from "../locks.ts";
import { isName, nameFault } from "../names.ts";
import { isSeq, parsePosition } from "../position.ts";
import { fail, type Result, succeed } from "../result.ts";
import { type Fields, isFields } from "./fields.ts";

/** On what condition a message is stored. All that is said must hold. */
export interface PublishCondition {
	/** The channel's head is this seq. */
	readonly ifSeq?: number;
	/** The space's epoch is this one: `ifSeq` belongs to it. */
	readonly ifEpoch?: string;
	/** This lock is held, with this token. */
	readonly lock?: LockHold;
}

/** Reads the `if` of a `pub`: `{"seq": n}`, a lock, or both. */
export function readPublishCondition(fields: Fields): Result<PublishCondition> {
	const message = 'if reads {"seq": the head you expect}, {"lock": its name, "token": yours}, or both together.';
	const read = readIf(fields, ["seq"], message);
	if (!read.ok) return read;
	const { said, held } = read.value;
	if (said.seq !== undefined && !isSeq(said.seq)) return fail("bad_request", message);
	return succeed({ ...(said.seq !== undefined && { ifSeq: said.seq }), ...held });
}

/** Reads the `if` of a publish in a transaction, where `head`, a position, may stand in place of `seq`. */
export function readItemCondition(fields: Fields): Result<PublishCondition> {
	const message = 'if of a publish reads {"seq": n} or {"head": "<epoch>:<seq>"}, {"lock": …, "token": …}, or both.';
	const read = readIf(fields, ["seq", "head"], message);
	if (!read.ok) return read;
	const { said, held } = read.value;
	const { seq, head } = said;
	if ((seq !== undefined && !isSeq(seq)) || (seq !== undefined && head !== undefined)) {
		return fail("bad_request", message);
	}
	if (head === undefined) return succeed({ ...(seq !== undefined && { ifSeq: seq }), ...held });
	const position = parsePosition(typeof head === "string" ? head : "");
	if (!position.ok) return position;
	return succeed({ ifSeq: position.value.seq, ifEpoch: position.value.epoch, ...held });
}

/** What an `if` says: the members that were asked for, and the lock. */
export interface ReadIf {
	readonly said: Fields;
	readonly held: { readonly lock?: LockHold };
}

/**
 * Reads `if`, of which `keys` and a lock may be members. Any other is refused: done all the same, the write would do what its
 * sender wanted to prevent. `message` says how it is to read.
 */
export function readIf({ if: condition }: Fields, keys: readonly string[], message: string): Result<ReadIf> {
	if (condition === undefined) return succeed({ said: {}, held: {} });
	if (!isFields(condition) || Object.keys(condition).length === 0) return fail("bad_request", message);
	const { lock, token, ...said } = condition;
	if (Object.keys(said).some((key) => !keys.includes(key))) return fail("bad_request", message);
	if (lock === undefined && token === undefined) return succeed({ said, held: {} });
	const hold = readLock(lock, token);
	return hold.ok ? succeed({ said, held: { lock: hold.value } }) : hold;
}

/** Reads a lock's name and the token of who holds it. */
export function readLock(name: unknown, token: unknown): Result<LockHold> {
	if (!isName(name)) return { ok: false, fault: nameFault("lock") };
	if (typeof token === "string" && parsePosition(token).ok) return succeed({ name, token });
	return fail("bad_position", "The token of a lock reads <epoch>:<rev>, as its holder got it.");
}
