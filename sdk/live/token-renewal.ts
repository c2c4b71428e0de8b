import type { LiveNews } from "../../protocol/envelopes.ts";
import * as sdkNumbers from "../../protocol/sdk-numbers.ts";
import { Timer } from "../clock.ts";
import { AerogramError, toAerogramError } from "../errors.ts";
import type { Link } from "../session.ts";
import type { LivePart } from "./part.ts";

/** Sends a fresh token on the connection that stands, before the one that it has ends. */
export class TokenRenewal implements LivePart {
	readonly #link: Link;
	readonly #timer: Timer;
	/** When the token of the connection ends, by the client's clock. */
	#ends = 0;

	constructor(link: Link) {
		this.#link = link;
		this.#timer = new Timer(link.settings.clock);
	}

	up(): void {
		this.#ends = 0;
		this.#hold(this.#link.welcome?.endsIn);
	}

	down(): void {
		this.#timer.stop();
	}

	end(_: AerogramError): void {
		this.down();
	}

	news(_: LiveNews): void {}

	/** What ends no later than the one before is no fresh one: then the connection ends with it, and another begins. */
	#hold(endsIn: unknown): void {
		const { clock } = this.#link.settings;
		if (typeof endsIn !== "number" || clock.now() + endsIn <= this.#ends + 1_000) return;
		this.#ends = clock.now() + endsIn;
		this.#timer.start(endsIn - Math.min(sdkNumbers.renewSeconds * 1_000, endsIn / 5), () => void this.#renew());
	}

	async #renew(): Promise<void> {
		const link = this.#link;
		const { welcome } = link;
		const { durations, token: get } = link.settings;
		try {
			const token = await get?.();
			// It may have taken longer than the connection stood.
			if (token === undefined || welcome === undefined || welcome !== link.welcome) return;
			link.requestText(
				durations.answer,
				(ref) => JSON.stringify({ t: "auth", ref, token }),
				(answer) => {
					if (answer.type === "error") link.report(new AerogramError(answer.code, answer.message));
					else if (answer.type === "done") this.#hold(answer.says?.endsIn);
				},
			);
		} catch (thrown) {
			link.report(toAerogramError(thrown, "network"));
		}
	}
}
