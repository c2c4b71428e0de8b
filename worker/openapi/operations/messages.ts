import type { Operation } from "../describe.ts";
import { newNameProblems, writeProblems } from "./write-problems.ts";

/** What the paths of messages do. */
export const messageOperations = {
	publish: {
		id: "publishMessages",
		tag: "messages",
		summary: "Publish one message or many",
		description:
			"Answered when it is durable. A list is stored whole, at adjacent seqs, or not at all. With `If-Match`, only " +
			'while the head of the channel is that position (`"<epoch>:0"` while it is empty). An ephemeral message goes to ' +
			"whoever reads live and is up to date, after all that was stored before it, and is stored nowhere; a request of " +
			"nothing else takes no `Idempotency-Key` and no condition. So it is with every message to a channel whose kind is " +
			"`ephemeral`. To a `keyed` channel each message needs a `key`.",
		parameters: ["idempotencyKey", "ifHead", "ifLock"],
		body: { schema: "Publish", example: { name: "greeting", data: { text: "你好,服务器!" } } },
		answers: {
			201: {
				description: "Stored.",
				schema: "Published",
				headers: ["Location"],
				sometimes: ["Idempotency-Replayed"],
			},
			202: { description: "Delivered, and stored nowhere: all of it was ephemeral.", schema: "Passed" },
		},
		problems: ["bad_name", ...writeProblems],
	},
	page: {
		id: "readMessages",
		tag: "messages",
		summary: "Read a page of messages, or go on reading",
		description:
			"The oldest first, or the newest by `order=desc`. `Link` leads to the page after this one. With `wait`, a page " +
			"that would be empty waits for a message. With `Accept: text/event-stream`, each message is an event, from " +
			"`Last-Event-ID`, else `after`, else `since`, else from now on, and the stream stays open; a `reset` says that " +
			"what lay between was lost.",
		parameters: ["after", "before", "since", "order", "limit", "wait", "ifNoneMatch", "lastEventId", "ticket"],
		answers: {
			200: {
				description: "A page, or a stream. A page that is closed has an ETag.",
				schema: "Page",
				events: { message: "LiveMessage", reset: "Reset" },
				sometimes: ["Link", "ETag"],
			},
			304: { description: "The page, which is closed, is the one you have.", headers: ["ETag"], sometimes: ["Link"] },
		},
		problems: ["application_failed", "space_full", "too_many_spaces", ...newNameProblems],
	},
	read: {
		id: "readMessage",
		tag: "messages",
		summary: "Read one message",
		parameters: ["ifNoneMatch"],
		answers: {
			200: { description: "The message.", schema: "Message", headers: ["ETag"] },
			304: { description: "The message is the one you have.", headers: ["ETag"] },
		},
		problems: ["not_found"],
	},
} satisfies Record<string, Operation>;
