import type { Published, PublishRequest, Refusal } from "./api.ts";
import type { Commit } from "./commit.ts";
import { divideDrafts } from "./ephemeral.ts";
import type { FanOut } from "./fan-out.ts";
import type { LockCheck } from "./locks.ts";
import type { Log } from "./parts/log/log.ts";
import type { Rates } from "./parts/rates/rates.ts";

/** What a publish over HTTP or raw TCP needs of the space. */
export interface PublishHost {
	readonly commit: Commit;
	readonly log: Log;
	readonly rates: Rates;
	readonly fanOut: Pick<FanOut, "ofMessage">;
	readonly checkLock: LockCheck;
	/** The id of this life of the space's data. */
	epoch(): string;
}

/** Publishes for who has no socket; resolves to what became of it. */
export function publish(host: PublishHost, request: PublishRequest): Promise<Published | Refusal> {
	const { commit, fanOut, log, rates, checkLock } = host;
	const epoch = host.epoch();
	const { drafts, ifEpoch, lock, ...append } = request;
	const stateOf = () => {
		const { floor, head } = log.channel(request.channel);
		return { epoch, floor, head };
	};
	if (ifEpoch !== undefined && ifEpoch !== epoch) {
		const state = stateOf();
		const message = `The channel's head is ${epoch}:${state.head}.`;
		return Promise.resolve({ ok: false, code: "condition_failed", message, state });
	}
	return new Promise((resolve) => {
		commit.add({
			append: {
				...append,
				...divideDrafts(drafts, log.channel(request.channel).kind),
				admit: () => rates.request(request.principal, drafts.length, drafts.length * fanOut.ofMessage(request.channel)),
				...(lock && { guard: () => checkLock(lock) }),
			},
			done: (outcome) => {
				if (outcome.ok) {
					const { first, count, duplicate } = outcome;
					return resolve({ ok: true, epoch, first, count, duplicate });
				}
				const { code, message, retryAfter, path, index } = outcome;
				const issue = path !== undefined && { path, ...(index !== undefined && { index }) };
				const state = retryAfter ? { retryAfter: Math.ceil(retryAfter / 1_000) } : issue || stateOf();
				resolve({ ok: false, code, message, state });
			},
		});
	});
}
