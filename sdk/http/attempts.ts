import { backoffDelay } from "../backoff.ts";
import { Timer } from "../clock.ts";
import { AerogramError, isAerogramError } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { withSignals } from "../signals.ts";
import { readResponse } from "./read-response.ts";
import { type HttpRequest, makeRequest, type OutgoingRequest } from "./request.ts";
import type { HttpResponse } from "./response.ts";

/** Sends a request, and again where that can help. Rejects as the methods of `Http` do. */
export async function sendRequest(settings: Settings, outgoing: OutgoingRequest): Promise<HttpResponse> {
	const request = makeRequest(settings, outgoing);
	return withSignals([outgoing.options.signal, settings.closing.signal], async (signal) => {
		for (let attempt = 0; ; attempt++) {
			try {
				return await sendOnce(settings, request, signal);
			} catch (thrown) {
				const delay = attempt < request.retries && !signal.aborted ? retryDelay(thrown, attempt, settings) : undefined;
				if (delay === undefined) throw thrown;
				await sleep(settings, delay, signal);
			}
		}
	});
}

async function sendOnce({ clock, fetch }: Settings, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
	const late = new AbortController();
	const timer = new Timer(clock);
	timer.start(request.timeout, () => {
		late.abort(new AerogramError("timeout", `There was no whole answer within ${request.timeout} ms.`));
	});
	const [response, body] = await withSignals([signal, late.signal], async (either) => {
		try {
			either.throwIfAborted();
			const response = await fetch(request.url, { ...request.init, signal: either });
			return [response, await response.arrayBuffer()] as const;
		} catch (thrown) {
			// What a fetch throws when it is aborted differs between platforms.
			either.throwIfAborted();
			throw new AerogramError("network", "The server could not be reached.", { cause: thrown });
		} finally {
			timer.stop();
		}
	});
	return readResponse(response, body, clock.now());
}

/**
 * How long to wait before the next attempt, in milliseconds; undefined when there must be none. The server's
 * `Retry-After` is waited out and then some, so that those it sent away do not all come back at once. One longer than
 * `durations.backoffCap` is for the application to decide on: the error carries it.
 */
function retryDelay(thrown: unknown, attempt: number, { random, durations }: Settings): number | undefined {
	if (!isAerogramError(thrown)) return undefined;
	const { status, retryable, retryAfter = 0 } = thrown;
	// A 4xx says what is wrong with the request, which will not change: but for "too many" and "too slow to arrive".
	const again = status === undefined || status >= 500 ? retryable : status === 429 || status === 408;
	if (!again || retryAfter > durations.backoffCap) return undefined;
	return retryAfter + backoffDelay(attempt, random, durations);
}

/** Resolves after `delay` milliseconds; rejects with the signal's reason as soon as that is aborted. */
export function sleep({ clock }: Pick<Settings, "clock">, delay: number, signal: AbortSignal): Promise<void> {
	const timer = new Timer(clock);
	return new Promise((resolve, reject) => {
		const abort = () => {
			timer.stop();
			reject(signal.reason);
		};
		timer.start(delay, () => {
			signal.removeEventListener("abort", abort);
			resolve();
		});
		signal.addEventListener("abort", abort);
	});
}
