/** The refusal of what comes so many milliseconds too early. It says to wait in whole seconds. */
export function tooEarly(early: number) {
	return { ok: false, code: "rate_limited", message: tooEarlyMessage, retryAfter: Math.ceil(early / 1_000) } as const;
}

const tooEarlyMessage = "That is too much in a short time: wait and send it again.";
