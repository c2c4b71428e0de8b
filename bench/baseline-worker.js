// What one would write first: a Durable Object that inserts a row for each message, answers it and broadcasts it. No
// resume, no dedup, no flow control, no batching. The bench compares with it in the same run.
import { DurableObject } from "cloudflare:workers";

export class Space extends DurableObject {
	constructor(ctx, env) {
		super(ctx, env);
		ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)");
		this.head = ctx.storage.sql.exec("SELECT max(seq) AS head FROM log").one().head ?? 0;
	}

	fetch() {
		const { 0: theirs, 1: ours } = new WebSocketPair();
		this.ctx.acceptWebSocket(ours);
		ours.send('{"t":"welcome"}');
		return new Response(null, { status: 101, webSocket: theirs });
	}

	webSocketMessage(socket, frame) {
		const { t, ref, data } = JSON.parse(frame);
		if (t === "sub") {
			const rows = this.ctx.storage.sql.exec("SELECT body FROM log ORDER BY seq").toArray();
			for (const { body } of rows) socket.send(`{"t":"msg","e":[${body}]}`);
			socket.serializeAttachment(true);
			socket.send(JSON.stringify({ t: "ok", ref }));
			return;
		}
		this.head += 1;
		const body = JSON.stringify({ seq: this.head, ts: Date.now(), data });
		this.ctx.storage.sql.exec("INSERT INTO log VALUES (?, ?)", this.head, body);
		socket.send(JSON.stringify({ t: "ok", ref, seq: this.head }));
		for (const other of this.ctx.getWebSockets()) {
			if (other.deserializeAttachment()) other.send(`{"t":"msg","e":[${body}]}`);
		}
	}

	webSocketClose(socket) {
		socket.close();
	}
}

export class Directory extends DurableObject {}

export default {
	fetch: (request, env) => env.SPACES.get(env.SPACES.idFromName(new URL(request.url).pathname)).fetch(request),
	connect: () => {},
};
