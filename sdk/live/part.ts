import type { LiveNews } from "../../protocol/envelopes.ts";
import type { AerogramError } from "../errors.ts";

/** One of presence, watches, calls and ephemeral publishes: what its space tells it. */
export interface LivePart {
	/** A connection stands, and the server knows nothing of this client on it. */
	up(): void;
	/** The connection is gone, and every answer with it. */
	down(): void;
	/** Nothing will come any more. */
	end(error: AerogramError): void;
	/** News that are for it. `length`: characters of the frame that they came in. */
	news(news: LiveNews, length: number): void;
}
