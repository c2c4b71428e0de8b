import type { Quotas } from "../../../../protocol/limits.ts";
import type { Clock } from "../../ports.ts";
import { Budgets } from "./budgets.ts";

/** The quotas that are rates. */
export type RateQuotas = Pick<
	Quotas,
	"publishRate" | "publishBurst" | "clientRate" | "clientBurst" | "principalRate" | "principalBurst"
>;

/**
 * The part that bounds how much one client and one principal may do. It remembers in memory alone: an object sleeps only when
 * it has long been idle, and every budget is full again by then.
 */
export class Rates {
	readonly #now: Clock;
	/** Messages that a principal publishes by requests. */
	readonly #requests: Budgets;
	/** Deliveries that a client, and a principal, causes. */
	readonly #clients: Budgets;
	readonly #principals: Budgets;

	constructor(quotas: RateQuotas, now: Clock) {
		this.#now = now;
		this.#requests = new Budgets(quotas.publishRate, quotas.publishBurst);
		this.#clients = new Budgets(quotas.clientRate, quotas.clientBurst);
		this.#principals = new Budgets(quotas.principalRate, quotas.principalBurst);
	}

	/**
	 * Takes a request of `count` messages, which cause so many deliveries, from the budgets of a principal: 0, or how many
	 * milliseconds it is too early for it.
	 */
	request(principal: string, count: number, deliveries: number): number {
		const now = this.#now();
		return takeBoth(this.#requests.of(principal, now), count, this.#principals.of(principal, now), deliveries, now);
	}

	/** Takes the deliveries that one envelope causes from the budgets of a client, by its key, and its principal. */
	client(principal: string, client: string, deliveries: number): number {
		const now = this.#now();
		const principals = this.#principals.of(principal, now);
		return takeBoth(this.#clients.of(client, now), deliveries, principals, deliveries, now);
	}
}

/** Takes from both, or from neither. */
function takeBoth(one: Bucket, count: number, other: Bucket, otherCount: number, now: number): number {
	const wait = Math.max(one.wait(count, now), other.wait(otherCount, now));
	if (wait > 0) return wait;
	one.spend(count);
	other.spend(otherCount);
	return 0;
}

type Bucket = ReturnType<Budgets["of"]>;
