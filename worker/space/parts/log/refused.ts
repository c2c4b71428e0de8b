import type { ErrorCode } from "../../../../protocol/errors.ts";

/** The outcome of an append that is refused. */
export function refused(code: ErrorCode, message: string) {
	return { ok: false, code, message } as const;
}
