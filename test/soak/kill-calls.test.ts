import { expect, test } from "vitest";
import { Aerogram, type CallContext, type Space } from "../../sdk/index.ts";
import { getJson } from "../helpers/http.ts";
import { startProxy } from "../helpers/proxy.ts";
import { Random, seedOfRun } from "../helpers/random.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";
import { connectWire } from "../helpers/wire.ts";

const kills = 20;
const callsPerPoint = 4;
const seed = seedOfRun();
/** Reconnecting quickly makes more kills fit; what is waited for an answer stays as shipped. */
const durations = { backoffBase: 20, backoffCap: 150, backoffFloor: 10, spread: 100 };
const timeout = 120_000;

/** What a run of a handler replies: no two runs of a call say the same. */
interface Reply {
	readonly id: string;
	readonly run: number;
}

/** What one point needs at one kill. */
interface Round {
	readonly url: string;
	readonly service: string;
	readonly ids: readonly string[];
	/** Runs of the handler, by call. */
	readonly runs: ReadonlyMap<string, number>;
	/** Two clients serve, whose answers are some milliseconds on their way; `work` is what the handler does. */
	serve(work: () => Promise<void>): Promise<void>;
	call(): readonly Promise<Reply>[];
}

/** Calls that stand at their point: what they get, the last step to it, and what goes on after the kill. */
interface Standing {
	readonly replies: readonly Promise<Reply>[];
	readonly last?: () => Promise<unknown>;
	readonly after?: () => Promise<void>;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Brings calls to each point, by its name. */
const points: Readonly<Record<string, (round: Round, random: Random) => Promise<Standing>>> = {
	async queued({ call, ids, serve, service, url }) {
		const replies = call();
		const statusOf = async (id: string) =>
			(await fetch(`${url}/v1/spaces/kill/services/${service}/calls/${id}`)).status;
		await until(async () => (await Promise.all(ids.map(statusOf))).every((status) => status === 202), "all to wait");
		return { replies, after: () => serve(async () => {}) };
	},
	// To a program that takes them, and never comes back.
	async "handed over"({ call, ids, serve, service, url }) {
		const lost = await connectWire(url, "kill", `lost-${ids[0]}`);
		let handed = 0;
		lost.onEnvelopes = (envelopes) => {
			handed += envelopes.filter(({ type }) => type === "live").length;
		};
		await lost.ask({ t: "serve", ref: 1, svc: service, concurrency: callsPerPoint });
		const replies = call();
		await until(() => handed === callsPerPoint, "all to be handed over");
		return { replies, after: () => serve(async () => {}) };
	},
	async running({ call, runs, serve }, random) {
		await serve(() => pause(random.below(1_500)));
		const replies = call();
		await until(() => runs.size === callsPerPoint, "all to run");
		return { replies };
	},
	// The replies are on their way, or just stored.
	async replied({ call, runs, serve }, random) {
		const { promise: going, resolve: go } = Promise.withResolvers<void>();
		await serve(() => going);
		const replies = call();
		await until(() => runs.size === callsPerPoint, "all to run");
		const last = async () => {
			go();
			await pause(random.below(4));
		};
		return { replies, last };
	},
	// The callers have them; whoever replied has not heard yet that they are stored.
	async delivered({ call, serve }) {
		await serve(async () => {});
		let replies: readonly Promise<Reply>[] = [];
		const last = () => {
			replies = call();
			return Promise.all(replies);
		};
		return {
			get replies() {
				return replies;
			},
			last,
		};
	},
};

test(`${kills} kill -9 meet calls at five points each: every call has one stored reply, and its caller gets that`, {
	timeout: 60_000 + kills * 30_000,
}, async () => {
	const random = new Random(seed);
	const server = await startServer();
	const proxy = await startProxy(server.url, { nextDelay: () => 20 + random.below(40) });
	const clients: Aerogram[] = [];
	const connect = (url: string): Space => {
		const client = new Aerogram(url, { durations });
		clients.push(client);
		return client.space("kill");
	};
	const caller = connect(server.url);
	const answers = new Map<string, Reply>();
	const runsOf = new Map(Object.keys(points).map((name): [string, number[]] => [name, []]));
	const expectStored = async (service: string, { id, run }: Reply) => {
		const stored = await getJson(`${server.url}/v1/spaces/kill/services/${service}/calls/${id}`);
		expect(stored).toEqual({ id, data: { id, run } });
	};

	const makeRound = (name: string, kill: number, servers: readonly Space[]): Round => {
		const service = `${name.replace(" ", "-")}.${kill}`;
		const ids = Array.from({ length: callsPerPoint }, (_, index) => `${service}.${index}`);
		const runs = new Map<string, number>();
		const serve = async (work: () => Promise<void>) => {
			const handler = async (_: unknown, { id }: CallContext): Promise<Reply> => {
				const run = (runs.get(id) ?? 0) + 1;
				runs.set(id, run);
				await work();
				return { id, run };
			};
			await Promise.all(servers.map((each) => each.serve(service, handler, { concurrency: callsPerPoint }).ready));
		};
		const call = () => ids.map((id) => caller.call<Reply>(service, null, { id, timeout }));
		return { url: server.url, service, ids, runs, serve, call };
	};

	try {
		for (let kill = 0; kill < kills; kill++) {
			const servers = [connect(proxy.url), connect(proxy.url)];
			const standing: (Standing & { readonly name: string; readonly round: Round })[] = [];
			for (const [name, arrive] of Object.entries(points)) {
				const round = makeRound(name, kill, servers);
				standing.push(Object.assign(await arrive(round, random), { name, round }));
			}
			await Promise.all(standing.map(({ last }) => last?.()));
			// What is on its way is lost with it.
			const killed = server.kill();
			proxy.cut();
			await killed;
			await server.restart();
			await Promise.all(standing.map(({ after }) => after?.()));
			for (const { name, round, replies } of standing) {
				for (const reply of await Promise.all(replies)) {
					await expectStored(round.service, reply);
					answers.set(reply.id, reply);
				}
				runsOf.get(name)?.push(...round.runs.values());
			}
			for (const each of servers) each.close();
		}
		for (const [name, runs] of runsOf) {
			const more = runs.filter((count) => count > 1).length;
			const all = runs.reduce((sum, count) => sum + count, 0);
			console.log(`${name}: ${kills} kills, ${runs.length} calls, ${all} runs, ${more} ran more than once`);
			expect(runs).toHaveLength(kills * callsPerPoint);
		}
		// No later reply and no later kill has changed a result.
		for (const reply of answers.values()) await expectStored(reply.id.replace(/\.\d+$/, ""), reply);
		console.log(`seed ${seed}: ${answers.size} calls, each with one stored reply, which its caller has`);
		expect(answers.size).toBe(kills * callsPerPoint * Object.keys(points).length);
	} finally {
		for (const client of clients) client.close();
		await proxy.close();
		await server.stop();
	}
});
