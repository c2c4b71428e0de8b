import { errorCodes } from "../../../protocol/errors.ts";
import { limits } from "../../../protocol/limits.ts";
import { answered, ref, type Schema, text, whole } from "./shapes.ts";

/** What many answers hold: positions, names, problems. */
export const commonSchemas = {
	Data: {
		description:
			"Any JSON value (I-JSON, RFC 7493): numbers not beyond 2^53, arrays and objects at most " +
			`${limits.depth} deep inside one another.`,
	},
	Name: text("Parts of letters, digits and `. _ ~ -`, joined by `:`.", {
		maxLength: limits.nameLength,
		pattern: "^[A-Za-z0-9_.~-]+(:[A-Za-z0-9_.~-]+)*$",
		examples: ["team-42"],
	}),
	Epoch: text("The id of one life of the space's data; a later one compares greater. A wipe starts another.", {
		pattern: "^[a-z0-9]{17}$",
		examples: ["0mws8iikc9alb9adv"],
	}),
	Seq: whole("The number of a message in its channel: 1, 2, 3 … never used twice within an epoch.", { minimum: 1 }),
	Position: text("`<epoch>:<seq>`: everything up to that seq has been read.", {
		pattern: "^[a-z0-9]{17}:[0-9]+$",
		examples: ["0mws8iikc9alb9adv:41"],
	}),
	Time: whole("Milliseconds since 1970."),
	Head: whole("The last seq; 0 in a channel that nothing was published to."),
	Floor: whole("The oldest seq that is still retained; head + 1 when none is.", { minimum: 1 }),
	Problem: answered(
		{
			type: { type: "string", const: "about:blank" },
			title: text("The same for every occurrence of this code."),
			status: whole("The HTTP status.", { minimum: 400, maximum: 599 }),
			detail: text("One sentence: what was wrong here, and what to do about it."),
			code: { type: "string", enum: [...errorCodes], description: "What went wrong, for a program." },
			request: text("The id of this request, which the server's log has too.", { pattern: "^[0-9a-f-]{36}$" }),
		},
		{
			epoch: ref("Epoch"),
			floor: ref("Floor"),
			head: ref("Head"),
			rev: whole("The revision at which the record is; of a cursor, its collection's last."),
			call: ref("Name", "Of a call that has no reply: its id."),
			data: ref("Data", "With `handler_failed`: what the handler had to say besides."),
			item: whole("With a transaction: which of its items was refused first, counted from 0."),
			path: text("With `contract_violated`: JSON Pointer (RFC 6901) to what is wrong in the data; empty is all of it."),
			index: whole("With `contract_violated`: which of a list of messages, from 0."),
			retryAfter: whole("With `rate_limited`: seconds to wait, as the header `Retry-After` says."),
		},
		"Problem details (RFC 9457). Where a position or a condition failed, they say where reading now stands.",
	),
} satisfies Record<string, Schema>;
