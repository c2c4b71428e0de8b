import type { ClientEnvelope } from "../envelopes.ts";
import type { ErrorCode } from "../errors.ts";
import { isName, nameFault } from "../names.ts";
import { isSeq } from "../position.ts";
import type { Fault } from "../result.ts";
import type { Fields } from "./fields.ts";

/** One envelope of a client's frame, or what is wrong with it and whose fault that is. */
export type Decoded =
	| { readonly ok: true; readonly envelope: ClientEnvelope }
	| { readonly ok: false; readonly ref: number | undefined; readonly fault: Fault };

/** An envelope that can be taken. */
export function accept(envelope: ClientEnvelope): Decoded {
	return { ok: true, envelope };
}

/** An envelope that is refused. */
export function refuse(ref: number | undefined, code: ErrorCode, message: string): Decoded {
	return { ok: false, ref, fault: { code, message } };
}

/** Refuses an envelope for a field that is no name. `what` is the word for what it names. */
export function refuseName(ref: number | undefined, what: string): Decoded {
	return { ok: false, ref, fault: nameFault(what) };
}

/**
 * Reads an envelope that is answered and names something in the field `key`, for which `what` is the word: all of these
 * need a `ref` and a name. `read` does the rest.
 */
export function readNamed(
	value: Fields,
	key: "ch" | "col" | "svc" | "id",
	what: string,
	read: (ref: number, name: string) => Decoded,
): Decoded {
	const ref = isSeq(value.ref) ? value.ref : undefined;
	if (ref === undefined) {
		return refuse(ref, "bad_request", `${value.t} needs a ref, a whole number that its answer repeats.`);
	}
	const name = value[key];
	return isName(name) ? read(ref, name) : refuseName(ref, what);
}
