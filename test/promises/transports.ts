import type { AerogramOptions } from "../../sdk/index.ts";
import { type Feature, features } from "./promise.ts";
import { promises, type SuitePromise } from "./suite.ts";
import { tcpPromises } from "./tcp.ts";

/** How the suite runs over one transport. */
export interface TransportRow {
	/** As the table calls it. */
	readonly name: string;
	/** What makes an SDK client use it; what more it takes, its caller adds. */
	readonly options: AerogramOptions;
	/** What it cannot do. The promises that need it are not tried. */
	readonly gaps: readonly Feature[];
}

/** Every transport, and the one place that says what it lacks. `docs/reference/transports.md` has the same table. */
export const transports = {
	websocket: { name: "WebSocket", options: { transport: "websocket" }, gaps: [] },
	"websocket-msgpack": { name: "WebSocket, MessagePack", options: { transport: "websocket" }, gaps: [] },
	sse: { name: "SSE", options: { transport: "sse" }, gaps: [] },
	"long-poll": {
		name: "long-poll",
		options: { transport: "long-poll" },
		gaps: ["ephemeral", "presence", "serve", "watch"],
	},
	// No transport of the SDK: promises of its own, tried with `aerogram/node`.
	tcp: {
		name: "TCP",
		options: {},
		gaps: [
			"subscribe",
			"channels",
			"reconnect",
			"take-over",
			"ephemeral",
			"presence",
			"calls",
			"serve",
			"records",
			"watch",
			"transactions",
		],
	},
} as const satisfies Record<string, TransportRow>;

/** The name of a transport in the table. */
export type TransportId = keyof typeof transports;

/** One that the SDK's clients can use. */
export type ClientTransportId = Exclude<TransportId, "tcp">;

/** Every promise that is tried over a transport, with what it needs. */
export function triedOver(transport: TransportId): readonly Pick<SuitePromise, "name" | "needs">[] {
	return transport === "tcp" ? tcpPromises : promisesOf(transport);
}

/** The promises that a transport of the SDK keeps. */
export function promisesOf(transport: ClientTransportId): readonly SuitePromise[] {
	const gaps: readonly Feature[] = transports[transport].gaps;
	return promises.filter(({ needs }) => !needs.some((feature) => gaps.includes(feature)));
}

/** A table in Markdown: a row a feature, a column a transport; `cell` says what stands where they meet. */
export function drawTable(cell: (feature: Feature, transport: TransportId) => string): string {
	const ids = Object.keys(transports) as TransportId[];
	const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
	return [
		row(["", "", ...ids.map((id) => transports[id].name)]),
		row(["---", "---", ...ids.map(() => "---")]),
		...Object.entries(features).map(([feature, does]) =>
			row([`\`${feature}\``, does, ...ids.map((id) => cell(feature as Feature, id))]),
		),
	].join("\n");
}

/** The table of what is promised: ✓, or – for a gap. */
export function promisedTable(): string {
	return drawTable((feature, transport) => {
		const gaps: readonly Feature[] = transports[transport].gaps;
		return gaps.includes(feature) ? "–" : "✓";
	});
}
