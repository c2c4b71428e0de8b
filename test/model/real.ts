import { isDeepStrictEqual } from "node:util";
import { Aerogram, type Space, type Subscription } from "../../sdk/index.ts";
import { until } from "../helpers/until.ts";
import type { Engine } from "./engine.ts";
import { Line } from "./line.ts";
import type { Happening, Model, Place } from "./model.ts";

/** Waits of the client as short as the server's: a hundredth, but for those that mean that something is dead. */
const durations = {
	backoffBase: 5,
	backoffCap: 40,
	backoffFloor: 1,
	spread: 10,
	answer: 3_000,
	connect: 3_000,
	credit: 10,
};

/** One program with its line to the server. */
export interface Program {
	readonly line: Line;
	readonly client: Aerogram;
	readonly space: Space;
	/** The last life of the space in which it had an answer on its connection. */
	life: number;
}

/** What a subscription told, as it told it: which life an epoch belongs to may become known only later. */
export type Told =
	| { readonly kind: "message"; readonly seq: number; readonly value: string }
	| { readonly kind: "gap"; readonly epoch: string; readonly seq: number };

/** A subscription that the test watches. */
export interface Watcher {
	readonly channel: string;
	readonly start: Place;
	readonly told: Told[];
	readonly subscription: Subscription<string>;
}

/** The server and the programs of one run. */
export class Real {
	readonly engine: Engine;
	readonly space: string;
	readonly programs: readonly Program[];
	/** The epochs of the space, by life. */
	readonly epochs: string[] = [];
	readonly watchers: Watcher[] = [];
	/** What was stored of subscriptions that ended: their channel, and where they were. */
	readonly marks: { readonly channel: string; readonly epoch: string; readonly seq: number; readonly id?: string }[] =
		[];
	#values = 0;

	private constructor(engine: Engine, space: string, programs: readonly Program[]) {
		this.engine = engine;
		this.space = space;
		this.programs = programs;
	}

	static async start(engine: Engine, space: string): Promise<Real> {
		const programs: Program[] = [];
		for (const name of ["a", "b", "c"]) {
			const line = await Line.to(engine.port);
			const client = new Aerogram(line.url, { client: `${name}-${space}`, durations });
			programs.push({ line, client, space: client.space(space), life: 0 });
		}
		const real = new Real(engine, space, programs);
		await real.noteEpoch();
		// The last of them serves what the others call.
		real.program(2).space.serve<{ n: number }>("double", ({ n }) => ({ double: 2 * n }), { concurrency: 4 });
		return real;
	}

	program(index: number): Program {
		const program = this.programs[index % this.programs.length];
		if (!program) throw new Error("there is no program");
		return program;
	}

	/**
	 * Does what goes out on a program's connection. The first time after a wipe, that may be the connection of the life before, whose
	 * end the client has yet to hear of. Then the protocol has it say that the outcome is unknown; and as the server hears nothing
	 * more on such a connection, nothing of it is in this life, and it is done once more.
	 */
	async ask<Value>(index: number, action: (program: Program) => Promise<Value>): Promise<Value> {
		const program = this.program(index);
		const life = this.epochs.length - 1;
		const heard = program.life === life;
		const value = await action(program).catch((error: { code?: string }) => {
			if (heard || error.code !== "unknown_outcome") throw error;
			return action(program);
		});
		program.life = life;
		return value;
	}

	/** A value that nobody published before. */
	value(size = 0): string {
		this.#values += 1;
		return `v${this.#values}${"x".repeat(size)}`;
	}

	async noteEpoch(): Promise<void> {
		const { data } = await this.http().get<{ epoch: string }>(`/v1/spaces/${this.space}`);
		this.epochs.push(data.epoch);
	}

	/** HTTP past all lines: what the test itself asks arrives. */
	http(): Aerogram["http"] {
		this.#direct ??= new Aerogram(this.engine.url, { durations });
		return this.#direct.http;
	}

	#direct: Aerogram | undefined;

	/** Takes up a subscription and watches it. Its start is where it stood first. */
	async watch(index: number, channel: string, from: Parameters<typeof this.subscribe>[2]): Promise<Watcher> {
		const told: Told[] = [];
		const subscription = this.subscribe(index, channel, from, told);
		const known = typeof from === "object" && "epoch" in from;
		await subscription.ready;
		// Where a gap came first, it started at the position that was asked for.
		const place = known ? from : subscription.position;
		if (!place) throw new Error("a subscription that stands has no position");
		const watcher = { channel, start: this.placeOf(place), told, subscription };
		this.watchers.push(watcher);
		return watcher;
	}

	subscribe(
		index: number,
		channel: string,
		from: "start" | "live" | { readonly last: number } | { readonly epoch: string; readonly seq: number },
		told: Told[],
	): Subscription<string> {
		return this.program(index)
			.space.channel<string>(channel)
			.subscribe(
				({ seq, data }) => {
					told.push({ kind: "message", seq, value: data });
				},
				{
					from,
					onGap: ({ to }) => {
						if (to) told.push({ kind: "gap", ...to });
					},
				},
			);
	}

	placeOf({ epoch, seq }: { readonly epoch: string; readonly seq: number }): Place {
		return { life: this.epochs.indexOf(epoch), seq };
	}

	/** What is wrong with what a watcher was given; nothing where all is well. */
	fault(model: Model, { channel, start, told }: Watcher): string | undefined {
		const happenings = told.map(
			(each): Happening => (each.kind === "gap" ? { kind: "gap", ...this.placeOf(each) } : each),
		);
		return model.fault(channel, start, happenings);
	}

	/** Waits until the server says who is on a channel as the model does. */
	async settleMembers(model: Model, channel: string): Promise<void> {
		const path = `/v1/spaces/${this.space}/channels/${channel}/presence`;
		let found = "";
		const agree = async () => {
			type Page = { readonly members: readonly { readonly client: string; readonly data: { readonly c: number } }[] };
			const { data } = await this.http().get<Page>(path);
			found = JSON.stringify(Object.fromEntries(data.members.map((one) => [one.client, one.data.c])));
			return isDeepStrictEqual(JSON.parse(found), model.members(channel));
		};
		await until(agree, `${JSON.stringify(model.members(channel))} on ${channel}`).catch((error) => {
			throw new Error(`${error.message}; there is ${found}`);
		});
	}

	/** Waits until every watcher was given everything; throws what is wrong with one that was not. */
	async settle(model: Model): Promise<void> {
		for (const watcher of this.watchers) {
			const deadline = Date.now() + 10_000;
			for (let fault = this.fault(model, watcher); fault !== undefined; fault = this.fault(model, watcher)) {
				if (fault.startsWith("#") || Date.now() > deadline) {
					const tail = JSON.stringify(watcher.told.slice(-12));
					throw new Error(
						`a subscriber of ${watcher.channel} from ${JSON.stringify(watcher.start)}: ${fault}; ${tail}`,
					);
				}
				await new Promise((resolve) => setTimeout(resolve, 2));
			}
		}
	}

	async stop(): Promise<void> {
		for (const { client, line } of this.programs) {
			client.close();
			await line.close();
		}
		this.#direct?.close();
	}
}
