import { limits } from "./limits.ts";
import { type Fault, fail, type Result, succeed } from "./result.ts";

const namePattern = /^[A-Za-z0-9_.~-]+(?::[A-Za-z0-9_.~-]+)*$/;
const clientPattern = /^[A-Za-z0-9_.~-]+$/;

/** Whether a text is a name: parts of `[A-Za-z0-9_.~-]` joined by `:`, not only dots, at most 164 characters in all. */
export function isName(text: unknown): text is string {
	return (
		typeof text === "string" && text.length <= limits.nameLength && namePattern.test(text) && !/^\.{1,2}$/.test(text)
	);
}

/** Checks a name that came from outside. `what` is the word for it in the fault: channel, space, collection. */
export function readName(text: unknown, what: string): Result<string> {
	return isName(text) ? succeed(text) : { ok: false, fault: nameFault(what) };
}

/** Whether a text can begin a record's id: characters that names have. An empty one begins all. */
export function isRecordPrefix(text: unknown): text is string {
	return typeof text === "string" && text.length <= limits.nameLength && /^[A-Za-z0-9_.~:-]*$/.test(text);
}

/** The fault for a name that is not one. */
export function nameFault(what: string): Fault {
	return fail(
		"bad_name",
		`The ${what} name must be letters, digits and . _ ~ - in parts joined by ":", at most ${limits.nameLength} characters.`,
	).fault;
}

/** Whether a text is a client id: one name part, at most 64 characters. */
export function isClientId(text: unknown): text is string {
	return typeof text === "string" && text.length <= limits.clientLength && clientPattern.test(text);
}
