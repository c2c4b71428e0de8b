import type { Durations, Quotas } from "../../protocol/limits.ts";
import type { SocketHost } from "./parts/sockets/sockets.ts";

/** The platform's sockets behind the port of the part that knows them. */
export function socketHost(
	ctx: DurableObjectState,
	durations: Durations,
	{ socketsPerSpace }: Pick<Quotas, "socketsPerSpace">,
	told: Pick<SocketHost<WebSocket>, "left" | "gone">,
): SocketHost<WebSocket> {
	ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
	return {
		accept: (socket) => ctx.acceptWebSocket(socket),
		all: () => ctx.getWebSockets(),
		lastPing: (socket) => ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null,
		...told,
		most: socketsPerSpace,
		heardEvery: durations.pong / 2,
	};
}

/** The end of the handshake that makes a socket, for its other end. */
export function socketResponse(request: Request, webSocket: WebSocket): Response {
	const protocol = request.headers.get("sec-websocket-protocol");
	const headers = protocol ? { "sec-websocket-protocol": protocol } : {};
	return new Response(null, { status: 101, webSocket, headers });
}
