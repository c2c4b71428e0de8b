import { errorRow, isErrorCode } from "../../protocol/errors.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import { limits } from "../../protocol/limits.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import { type Http, isAerogramError } from "../../sdk/index.ts";
import type { StoreExchanges } from "../../worker/tcp/speaker.ts";

type Stored = Result<readonly string[]>;

/** One call of the connection: what it wants stored, and who waits for that. */
interface Call {
	readonly exchanges: readonly Exchange[];
	/** Bytes of its JSON. */
	readonly bytes: number;
	readonly resolve: (stored: Stored) => void;
}

/**
 * The store step of one connection: exchanges go to a server by `POST /v1/exchange`. Requests could overtake one another, so
 * there is one at a time, in the order of the calls; what comes meanwhile goes together in the next one.
 */
export function storeByHttp(http: Http): StoreExchanges {
	let waiting: Call[] = [];
	let working = false;

	async function work(): Promise<void> {
		working = true;
		while (waiting.length > 0) {
			const count = countThatFit(waiting);
			const calls = waiting.slice(0, count);
			waiting = waiting.slice(count);
			await storeTogether(http, calls);
		}
		working = false;
	}

	return (exchanges) =>
		new Promise((resolve) => {
			waiting.push({ exchanges, bytes: Buffer.byteLength(JSON.stringify(exchanges)), resolve });
			if (!working) void work();
		});
}

/** How many calls, at least one, one request may hold. */
function countThatFit(calls: readonly Call[]): number {
	let exchanges = 0;
	let bytes = 0;
	const first = calls.findIndex((call) => {
		exchanges += call.exchanges.length;
		bytes += call.bytes;
		return exchanges > limits.batchMessages || bytes > limits.bodyBytes;
	});
	return first === -1 ? calls.length : Math.max(1, first);
}

/** Stores calls by one request. One that is refused for good may be so for one call alone: then each goes by itself. */
async function storeTogether(http: Http, calls: readonly Call[]): Promise<void> {
	const stored = await post(
		http,
		calls.flatMap(({ exchanges }) => exchanges),
	);
	if (!stored.ok && calls.length > 1 && errorRow(stored.fault.code).retry === "no") {
		for (const call of calls) await storeTogether(http, [call]);
		return;
	}
	let next = 0;
	for (const { exchanges, resolve } of calls) {
		const from = next;
		next += exchanges.length;
		resolve(stored.ok ? succeed(stored.value.slice(from, next)) : stored);
	}
}

/** One request, sent again by its idempotency key while that can help: it is stored once. */
async function post(http: Http, exchanges: readonly Exchange[]): Promise<Stored> {
	try {
		const { data } = await http.post<readonly { readonly message: string }[]>("/v1/exchange", { json: exchanges });
		return succeed(data.map(({ message }) => message));
	} catch (error) {
		if (isAerogramError(error) && error.status !== undefined && isErrorCode(error.code)) {
			return fail(error.code, error.message);
		}
		return fail("internal", "The server behind this port does not answer: this may be stored or not.");
	}
}
