import type { HttpParts } from "./http-line.ts";
import { LongPollTransport } from "./long-poll.ts";
import type { TransportFactory } from "./port.ts";
import { SseTransport } from "./sse.ts";

export type { HttpParts };

/** The names of the transports over HTTP. */
export type HttpTransportName = "sse" | "long-poll";

/**
 * Makes transports over HTTP: all of one kind where `wanted` names it. Else event streams, where fetch has streams at all.
 * A proxy that holds answers back until they end lets none through, which nothing but silence tells; so after a silent
 * attempt the other kind has its turn. The first kind that something comes by is kept.
 */
export function httpTransports(wanted: HttpTransportName | undefined, parts: HttpParts): TransportFactory {
	const streams = typeof Response === "function" && "body" in Response.prototype;
	let kind: HttpTransportName = wanted ?? (streams ? "sse" : "long-poll");
	let kept = wanted !== undefined;
	return (url) => {
		const tried = kind;
		const works = (works: boolean) => {
			if (kept) return;
			kept = works;
			if (works) kind = tried;
			else kind = tried === "sse" ? "long-poll" : "sse";
		};
		const Transport = tried === "sse" ? SseTransport : LongPollTransport;
		return new Transport(url, { ...parts, works });
	};
}
