import type { HttpParts, HttpTransportName } from "./http.ts";
import { LateTransport } from "./late.ts";
import type { TransportFactory } from "./port.ts";
import { type FrameCodec, findWebSocket, type WebSocketConstructor, webSocketTransports } from "./websocket.ts";

/** The transports that the SDK has. */
export type TransportName = "websocket" | HttpTransportName;

/** What there is to choose from. */
export interface TransportParts extends HttpParts {
	readonly WebSocket: WebSocketConstructor | undefined;
	readonly codec: FrameCodec | undefined;
	readonly token: (() => Promise<string>) | undefined;
}

/**
 * Makes transports of the kind that is wanted. Where none is: WebSockets if there are any, looked for at each attempt; else
 * what HTTP offers.
 */
export function chooseTransports(
	wanted: TransportName | TransportFactory | undefined,
	parts: TransportParts,
): TransportFactory {
	if (typeof wanted === "function") return wanted;
	const sockets = webSocketTransports(parts.WebSocket, parts.codec, parts.token);
	if (wanted === "websocket") return sockets;
	const overHttp = lateHttpTransports(wanted, parts);
	return wanted ? overHttp : (url) => (findWebSocket(parts.WebSocket) ? sockets : overHttp)(url);
}

/** Loads the transports over HTTP at the first use. */
function lateHttpTransports(wanted: HttpTransportName | undefined, parts: HttpParts): TransportFactory {
	let loading: Promise<TransportFactory> | undefined;
	const load = async () => {
		const { httpTransports } = await import("../over-http.ts");
		return httpTransports(wanted, parts);
	};
	return (url) =>
		new LateTransport(async () => {
			// One for all spaces, which then learn from one another what works; another try after one that failed.
			loading ??= load();
			try {
				return (await loading)(url);
			} catch (thrown) {
				loading = undefined;
				throw thrown;
			}
		});
}
