import { requestLimits } from "../../../protocol/limits.ts";
import type { Operation } from "../describe.ts";
import { digits } from "../written.ts";

/** What the paths of channels do. */
export const channelOperations = {
	list: {
		id: "listChannels",
		tag: "channels",
		summary: "List the channels of a space",
		parameters: ["afterName"],
		answers: { 200: { description: `Up to ${digits(requestLimits.listed)} names.`, schema: "Channels" } },
	},
	read: {
		id: "readChannel",
		tag: "channels",
		summary: "What is known of a channel",
		description:
			"A channel that nothing was published to has the head 0. The ETag is its head, for `If-Match`. Kind and retention are " +
			"what `aerogram.config.ts` says of it; the kind of what is stored stays as it was until the channel is purged.",
		answers: { 200: { description: "From where to where it can be read.", schema: "Channel", headers: ["ETag"] } },
	},
	members: {
		id: "listMembers",
		tag: "channels",
		summary: "Who is on a channel",
		description:
			"The members of a channel, in order of principal and client, page by page: a member that enters or leaves meanwhile " +
			"may be missing or be there still. `Link` leads to the page after this one. Clients enter over the wire protocol.",
		parameters: ["cursor", "limit"],
		answers: { 200: { description: "A page.", schema: "Members", sometimes: ["Link"] } },
	},
	purge: {
		id: "purgeChannel",
		tag: "channels",
		summary: "Purge a channel",
		description: "Drops all its messages. The head stays, so that no seq is used twice; subscribers get `reset`.",
		answers: { 204: { description: "No message of it is left." } },
	},
} satisfies Record<string, Operation>;
