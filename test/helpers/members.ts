import { Aerogram } from "../../sdk/index.ts";
import type { TransportName } from "../../sdk/transports/choose.ts";
import type { LocalServer } from "./server.ts";
import { until } from "./until.ts";

/** Clients of a server that enter the channel `chat` of a space, and see who is there. All end by one `close`. */
export function gatherMembers(server: LocalServer) {
	const clients: Aerogram[] = [];
	/** Reconnecting quickly leaves most of the grace; what is waited for an answer stays as shipped. */
	const durations = { backoffBase: 20, backoffCap: 100, backoffFloor: 10, spread: 50 };

	/** A client of a space that has an id. */
	function connect(id: string, space: string, transport?: TransportName) {
		const client = new Aerogram(server.url, { client: id, durations, ...(transport && { transport }) });
		clients.push(client);
		return { client, space: client.space(space), presence: client.space(space).channel("chat").presence };
	}

	/** Everything that is told of the members: each event, when it came, and who is there. */
	function follow(id: string, space: string) {
		const watcher = connect(id, space);
		const events: { readonly what: string; readonly at: number }[] = [];
		const seen = { events, view: "", watcher };
		watcher.presence.subscribe(({ members, changes }) => {
			for (const { event, client } of changes) events.push({ what: `${event} ${client}`, at: performance.now() });
			seen.view = members.map(({ client, data }) => `${client}=${data}`).join();
		});
		return seen;
	}

	return {
		connect,
		follow,
		close() {
			for (const client of clients) client.close();
		},
	};
}

/** Whether something holds within some milliseconds. */
export function comes(holds: () => boolean, within: number): Promise<boolean> {
	return until(holds, "it", within).then(
		() => true,
		() => false,
	);
}
