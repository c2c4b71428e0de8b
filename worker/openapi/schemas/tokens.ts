import { tokenLimits } from "../../../protocol/auth-limits.ts";
import { operations } from "../../../protocol/capabilities.ts";
import { limits } from "../../../protocol/limits.ts";
import { answered, list, ref, type Schema, sent, text, whole } from "./shapes.ts";

/** What a token is asked to say, and the token. */
export const tokenSchemas = {
	Capability: answered(
		{
			allow: list({ type: "string", enum: [...operations] }, "What is allowed.", { minItems: 1, uniqueItems: true }),
			on: text(
				"On what: `<space>/<channels, collections, services or *>/<name>`; in names `*` is one part, a last `**` one or more.",
				{ examples: ["team-42/channels/chat:*"] },
			),
		},
		{},
		"A part of what may be done. Rights are the union of such; nothing denies.",
	),
	TokenRequest: sent(
		{
			sub: text("The principal: whom the token speaks for. Not `anonymous`, `tcp` or `key:…`.", {
				minLength: 1,
				maxLength: tokenLimits.principalLength,
				examples: ["user:42"],
			}),
			capabilities: list(ref("Capability"), "What it may do: at most what the key may.", {
				maxItems: limits.capabilities,
			}),
		},
		{
			ttl: whole(`How long it lives, in seconds. Default: ${tokenLimits.defaultSeconds}.`, {
				minimum: 1,
				maximum: tokenLimits.lifeSeconds,
			}),
			exp: whole("When it ends, in seconds since 1970, in place of `ttl`."),
			jti: text("Its id, by which it alone can be revoked. Default: random.", {
				minLength: 1,
				maxLength: tokenLimits.idLength,
			}),
		},
	),
	Token: answered({
		token: text("The token, a JWT. Whoever has it may do what it allows: never log it."),
		jti: text("Its id."),
		expires: ref("Time", "When it ends, in milliseconds since 1970."),
	}),
	TicketRequest: sent({
		path: text("The path to open, with its query: of a socket, or of an event stream.", {
			pattern: "^/v1/spaces/",
			examples: ["/v1/spaces/team-42/channels/chat:main/messages"],
		}),
	}),
	Ticket: answered({
		ticket: text("The ticket, for the parameter `ticket`."),
		url: text("The path that was asked for, with the ticket."),
		expires: ref("Time", "When it ends, in milliseconds since 1970."),
	}),
	RevocationRequest: sent(
		{},
		{
			sub: text("A principal: whatever was issued to it until now. The same second counts."),
			key: text("The id of a key."),
			jti: text("The id of one token."),
		},
		"One of the three.",
	),
	Revocation: answered(
		{
			kind: { type: "string", enum: ["sub", "key", "jti"], description: "Of what." },
			name: text("Which one."),
		},
		{ until: ref("Time", "With `sub`: what was issued later counts.") },
	),
	ErasureRequest: sent(
		{ sub: text("The principal.") },
		{
			space: ref("Name", "Default: every space that something was ever written to, or that somebody was connected to."),
			after: text("Where to go on: `next` of the answer before. Default: at the beginning."),
		},
	),
	Erasure: answered(
		{
			sub: text("The principal."),
			spaces: whole("Spaces that were looked through to their end."),
			messages: whole("Messages that no longer say whom they are from."),
			members: whole("Memberships that ended."),
			records: whole("Records that were deleted."),
			kept: whole("Records that the application's hook did not let go."),
		},
		{
			failed: list(
				ref("Name"),
				"Spaces of this request that failed and were passed by: send the request again for each, as `space`. Absent: none.",
				{ minItems: 1 },
			),
			next: text("With 202: what to send as `after`. The numbers and names are of this request alone."),
		},
	),
} satisfies Record<string, Schema>;
