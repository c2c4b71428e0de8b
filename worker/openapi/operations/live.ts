import { limits } from "../../../protocol/limits.ts";
import type { Operation } from "../describe.ts";
import { newNameProblems } from "./write-problems.ts";

/** The wire of a space: sockets, and what stands in for them. */
export const liveOperations = {
	connect: {
		id: "connect",
		tag: "live",
		summary: "Connect",
		description:
			"The upgrade to a WebSocket, with the subprotocol `aerogram.v1` (JSON) or `aerogram.v1.msgpack`. What travels " +
			"on it stands in the protocol's page; the SDK speaks it. Or, with `Accept: text/event-stream`, the same frames " +
			"as events: what the client has to say it then posts, to the `connection` that its `welcome` names.",
		parameters: ["client", "ticket"],
		answers: {
			101: { description: "The socket is open. The first envelope on it is `welcome`." },
			200: {
				description: "The connection is open; each event is a frame. It ends as a socket would.",
				events: { message: "Frame" },
			},
		},
		problems: ["bad_request", "unsupported", "application_failed", "space_full", "too_many_spaces"],
	},
	events: {
		id: "readEvents",
		tag: "live",
		summary: "Go on reading many channels",
		description:
			`The messages of up to ${limits.channelsPerStream} channels of the space. ` +
			"With `Accept: text/event-stream`, each is an event, and the stream stays open. Else a page: what is there, or, " +
			"with `wait`, the first that comes. A channel that has no place in `after` or `Last-Event-ID` is read from now on.",
		parameters: ["channels", "afterEach", "wait", "lastEventId", "ticket"],
		answers: {
			200: {
				description: "A page, or a stream.",
				schema: "Events",
				events: { message: "ChannelMessage", reset: "ChannelReset" },
			},
		},
		problems: ["too_big", "application_failed", "space_full", "too_many_spaces", ...newNameProblems],
	},
	send: {
		id: "sendFrame",
		tag: "live",
		summary: "Send a frame",
		description:
			"With `connection`, hands it to that connection: its answers come down the event stream. Without, serves it in a " +
			"connection of its own and answers all that came for it: as soon as each envelope has its answer and, if " +
			"anything was subscribed, there is something to tell or `wait` is over.",
		parameters: ["client", "connection", "wait", "poll"],
		body: {
			schema: "Frame",
			formats: "json",
			example: [{ t: "sub", ref: 1, ch: "chat", at: "start" }],
		},
		answers: {
			200: { description: "What came, without `connection`.", schema: "Envelopes", formats: "json" },
			202: { description: "Handed over, with `connection`." },
		},
		problems: ["bad_request", "application_failed", "space_full", "too_many_spaces"],
	},
} satisfies Record<string, Operation>;
