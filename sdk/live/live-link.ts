import { encodeLive } from "../../protocol/codec/live.ts";
import type { LiveRequest } from "../../protocol/envelopes.ts";
import { type Limits, limits } from "../../protocol/limits.ts";
import { AerogramError } from "../errors.ts";
import type { Answer } from "../requests.ts";
import type { Link } from "../session.ts";

/** An answer that is no refusal, with whatever it says by the wire's own names. */
export type Done = Extract<Answer, { type: "done" }>;

/** The space's connection as presence, watches and calls use it. */
export class LiveLink {
	readonly link: Link;

	constructor(link: Link) {
		this.link = link;
	}

	/** What the server allows; while there is no connection, what this version ships with. */
	get limits(): Limits {
		return this.link.welcome?.limits ?? limits;
	}

	/** Sends an envelope that is not answered. Only while there is a connection. */
	send(envelope: LiveRequest): void {
		this.link.sendText(encodeLive(envelope));
	}

	/**
	 * Sends an envelope under a new ref, and tells its answer or its refusal; neither, where the connection is lost before.
	 * Only while there is a connection.
	 */
	request(
		envelope: (ref: number) => LiveRequest,
		done: (answer: Done) => void,
		refused: (error: AerogramError) => void,
	): void {
		const { answer: patience } = this.link.settings.durations;
		this.link.requestText(
			patience,
			(ref) => encodeLive(envelope(ref)),
			(answer) => {
				if (answer.type === "done") done(answer);
				else if (answer.type === "error") refused(new AerogramError(answer.code, answer.message, answer));
				else refused(new AerogramError("internal", "An odd answer."));
			},
		);
	}
}
