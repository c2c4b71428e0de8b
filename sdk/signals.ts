/**
 * Runs `work` with one signal that aborts as soon as any of `signals` does, for the same reason. They may outlive many
 * such runs, so that nothing may stay attached to them. (`AbortSignal.any` does the same from Node 20.3 and Safari 17.4 on.)
 */
export async function withSignals<Value>(
	signals: readonly (AbortSignal | undefined)[],
	work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
	const controller = new AbortController();
	const abort = () => {
		const first = signals.find((signal) => signal?.aborted);
		if (first) controller.abort(first.reason);
	};
	for (const signal of signals) signal?.addEventListener("abort", abort);
	abort();
	try {
		return await work(controller.signal);
	} finally {
		for (const signal of signals) signal?.removeEventListener("abort", abort);
	}
}
