import { readName } from "../protocol/names.ts";
import { AerogramError } from "./errors.ts";

/** Checks a name. Throws `bad_name`. */
export function checkName(name: string, what: string): string {
	const result = readName(name, what);
	if (result.ok) return result.value;
	throw new AerogramError(result.fault.code, result.fault.message);
}
