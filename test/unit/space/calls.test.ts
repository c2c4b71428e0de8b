import { expect, test } from "vitest";
import { durations, limits } from "../../../protocol/limits.ts";
import { Calls } from "../../../worker/space/parts/calls/calls.ts";
import type { CallPeer } from "../../../worker/space/parts/calls/pending.ts";
import type { KeptCalls } from "../../../worker/space/ports.ts";
import { freshSql } from "./sqlite.ts";

type Told = { readonly [key: string]: unknown };

class Peer implements CallPeer {
	kept: KeptCalls = {};
	readonly told: Told[] = [];
	readonly client: string;

	constructor(client: string) {
		this.client = client;
	}

	write(envelope: string): void {
		this.told.push(JSON.parse(envelope) as Told);
	}

	remember(kept: KeptCalls): void {
		this.kept = kept;
	}

	/** What it was told since the last time. */
	news(): Told[] {
		return this.told.splice(0);
	}
}

/** A space's calls on a clock that stands still. */
class Bench {
	now = 1_700_000_000_000;
	readonly sql = freshSql();
	readonly peers = new Set<Peer>();
	calls = this.#fresh();

	#fresh(): Calls {
		return new Calls(this.sql, () => this.now, durations);
	}

	connect(client: string): Peer {
		const peer = new Peer(client);
		this.peers.add(peer);
		return peer;
	}

	do<Value>(work: (calls: Calls) => Value): Value {
		const value = this.sql.transact(() => {
			if (!this.calls.restored) this.calls.restore([...this.peers]);
			return work(this.calls);
		});
		this.calls.apply();
		return value;
	}

	/** Memory is gone; the sockets stand. */
	sleep(): void {
		this.calls = this.#fresh();
	}

	cut(peer: Peer): void {
		this.do((calls) => calls.gone(peer));
		this.peers.delete(peer);
	}

	call(peer: Peer, id: string, service = "resize") {
		const asked = { id, service, principal: "anonymous", client: peer.client, data: `"${id}"` };
		return this.do((calls) => calls.call(asked, peer));
	}

	serve(peer: Peer, concurrency = 1, holds: readonly { id: string; attempt: number }[] = [], service = "resize"): void {
		this.do((calls) => calls.serve(peer, { service, concurrency }, holds));
	}

	reply(peer: Peer, id: string, data = '"done"') {
		return this.do((calls) => calls.reply(id, data, false, peer));
	}
}

const ids = (told: readonly Told[]) => told.map(({ id, attempt }) => `${id}#${attempt}`);

test("a call waits for a server, then goes to one with room, and its result to the caller", () => {
	const bench = new Bench();
	const [caller, server] = [bench.connect("caller"), bench.connect("server")];
	expect(bench.call(caller, "a")).toMatchObject({ ok: true, duplicate: false });
	bench.call(caller, "b");
	bench.serve(server);
	expect(ids(server.news())).toEqual(["a#1"]);
	expect(bench.reply(server, "a")).toEqual({ ok: true, duplicate: false });
	expect(caller.news()).toEqual([{ t: "result", id: "a", data: "done" }]);
	expect(ids(server.news())).toEqual(["b#1"]);
});

test("servers take turns, and none is handed more than it takes at a time", () => {
	const bench = new Bench();
	const caller = bench.connect("caller");
	const servers = ["x", "y", "z"].map((name) => bench.connect(name));
	for (const server of servers) bench.serve(server, 2);
	for (let index = 0; index < 9; index++) bench.call(caller, `c${index}`);
	expect(servers.map((server) => ids(server.news()))).toEqual([
		["c0#1", "c3#1"],
		["c1#1", "c4#1"],
		["c2#1", "c5#1"],
	]);
});

test("the first reply is stored, whichever attempt it is of; the next is told that it comes second", () => {
	const bench = new Bench();
	const [caller, slow, quick] = [bench.connect("caller"), bench.connect("slow"), bench.connect("quick")];
	bench.serve(slow);
	bench.call(caller, "a");
	bench.cut(slow);
	bench.serve(quick);
	expect(quick.news()).toEqual([]);
	bench.now += durations.grace;
	bench.do((calls) => calls.expire());
	expect(ids(quick.news())).toEqual(["a#2"]);
	expect(bench.reply(slow, "a", '"slow"')).toEqual({ ok: true, duplicate: false });
	expect(quick.news()).toEqual([{ t: "call", id: "a", attempt: 2, cancelled: true }]);
	expect(bench.reply(quick, "a", '"quick"')).toEqual({ ok: true, duplicate: true });
	expect(caller.news()).toEqual([{ t: "result", id: "a", data: "slow" }]);
	expect(bench.call(caller, "a")).toMatchObject({ duplicate: true, result: { data: '"slow"', failed: false } });
});

test("a server that comes back within the grace goes on with what it says it holds, and loses the rest", () => {
	const bench = new Bench();
	const [caller, before] = [bench.connect("caller"), bench.connect("server")];
	bench.serve(before, 2);
	for (const id of ["a", "b"]) bench.call(caller, id);
	bench.cut(before);
	const after = bench.connect("server");
	bench.serve(after, 2, [
		{ id: "a", attempt: 1 },
		{ id: "gone", attempt: 3 },
	]);
	expect(after.news()).toEqual([
		{ t: "call", id: "gone", attempt: 3, cancelled: true },
		expect.objectContaining({ id: "b", attempt: 2 }),
	]);
});

test("a server of two services that comes back has what it had, and room for more once it lost some", () => {
	const most = limits.serviceConcurrency;
	const begin = () => {
		const bench = new Bench();
		const [caller, before] = [bench.connect("caller"), bench.connect("server")];
		for (const [service, count] of [["resize", 60] as const, ["crop", 40] as const]) {
			bench.serve(before, count, [], service);
			for (let index = 0; index < 2 * most; index++) bench.call(caller, `${service}.${index}`, service);
		}
		const had = before.news().map(({ id, attempt }) => ({ id: String(id), attempt: Number(attempt) }));
		const [resized, cropped] = [had.slice(0, 60), had.slice(60)];
		expect([resized.at(-1)?.id, cropped[0]?.id, had.length]).toEqual(["resize.59", "crop.0", most]);
		bench.cut(before);
		return { bench, after: bench.connect("server"), resized, cropped };
	};
	const all = begin();
	all.bench.serve(all.after, most, all.resized);
	all.bench.serve(all.after, most, all.cropped, "crop");
	expect(all.after.news()).toEqual([]);
	expect(all.after.kept.holds).toHaveLength(most);
	const some = begin();
	some.bench.serve(some.after, most, some.cropped, "crop");
	some.bench.serve(some.after, 10, []);
	expect(some.after.news().map(({ svc }) => svc)).toEqual([...Array(10).fill("resize"), ...Array(50).fill("crop")]);
	const one = begin();
	one.bench.serve(one.after, most, one.cropped, "crop");
	expect(one.after.news()).toEqual([]);
	one.bench.now += durations.grace;
	one.bench.do((calls) => calls.expire());
	expect(one.after.news()).toHaveLength(60);
});

test("what a client may not say it works on is not believed: too many calls, or handed over too often", () => {
	const bench = new Bench();
	const [caller, server] = [bench.connect("caller"), bench.connect("server")];
	const holds = (attempt: number) =>
		Array.from({ length: limits.serviceConcurrency + 1 }, (_, index) => ({ id: `c${index}`, attempt }));
	for (const { id } of holds(1)) bench.call(caller, id);
	bench.serve(server, 0, holds(8_192));
	expect(server.kept.holds).toEqual([]);
	bench.serve(server, 0, holds(8_191));
	expect(server.kept.holds).toHaveLength(limits.serviceConcurrency);
	bench.serve(server, Number.MAX_SAFE_INTEGER);
	expect(server.kept.serves).toEqual([{ service: "resize", concurrency: limits.serviceConcurrency }]);
	expect(server.news()).toEqual([]);
});

test("what is handed back goes to another server, and not again to the one that gave it", () => {
	const bench = new Bench();
	const [caller, first, second] = [bench.connect("caller"), bench.connect("x"), bench.connect("y")];
	bench.serve(first, 5);
	bench.call(caller, "a");
	bench.do((calls) => calls.nack("a", 1, first));
	expect(ids(first.news())).toEqual(["a#1"]);
	bench.serve(second);
	expect(ids(second.news())).toEqual(["a#2"]);
});

test("progress reaches the caller only from whoever has the call in hand", () => {
	const bench = new Bench();
	const [caller, server] = [bench.connect("caller"), bench.connect("server")];
	bench.serve(server);
	bench.call(caller, "a");
	bench.do((calls) => calls.progress("a", 1, "0.5", server));
	bench.do((calls) => calls.progress("a", 2, "0.6", server));
	bench.do((calls) => calls.progress("a", 1, "0.7", caller));
	expect(caller.news()).toEqual([{ t: "result", id: "a", progress: 0.5 }]);
});

test("a deadline that passes is told to both sides, and so is a cancel", () => {
	const bench = new Bench();
	const [caller, server] = [bench.connect("caller"), bench.connect("server")];
	bench.serve(server, 2);
	bench.call(caller, "a");
	bench.call(caller, "b");
	bench.do((calls) => calls.cancel("b", "anonymous"));
	bench.now += durations.call;
	expect(bench.do((calls) => calls.expire())).toBeUndefined();
	const code = ({ error }: Told) => (error as { code: string } | undefined)?.code;
	expect(caller.news().map(code)).toEqual(["cancelled", "deadline_passed"]);
	expect(server.news().filter(({ cancelled }) => cancelled)).toHaveLength(2);
	expect(bench.do((calls) => calls.cancel("b", "anonymous"))).toEqual({ ok: true, duplicate: true });
});

test("after a sleep every call is where it was: in hand, leased, waited for by another client", () => {
	const bench = new Bench();
	const [caller, server, poller, other] = ["caller", "server", "poller", "other"].map((name) => bench.connect(name));
	if (!caller || !server || !poller || !other) throw new Error("four were connected");
	bench.serve(server);
	for (const id of ["held", "leased", "waits"]) bench.call(caller, id);
	bench.do((calls) => calls.serve(poller, { service: "resize", concurrency: 1, lease: 20_000 }, []));
	bench.do((calls) => calls.again("waits", "anonymous", other));
	expect([server, poller].map((peer) => ids(peer.news()))).toEqual([["held#1"], ["leased#1"]]);
	bench.sleep();
	bench.now += 19_999;
	expect(bench.do((calls) => calls.expire())).toBe(bench.now + 1);
	bench.sleep();
	bench.reply(server, "held");
	expect(ids(server.news())).toEqual(["waits#1"]);
	bench.reply(server, "waits");
	expect(other.news()).toEqual([{ t: "result", id: "waits", data: "done" }]);
	expect(caller.news().map(({ id }) => id)).toEqual(["held", "waits"]);
	bench.now += 1;
	bench.do((calls) => calls.expire());
	expect(ids(server.news())).toEqual(["leased#2"]);
});

test("somebody else's call is neither shown nor cancelled, and an id stands for one call", () => {
	const bench = new Bench();
	const [caller, other] = [bench.connect("caller"), bench.connect("other")];
	bench.call(caller, "a");
	expect(bench.do((calls) => calls.again("a", "eve", other))).toMatchObject({ ok: false, code: "forbidden" });
	expect(bench.do((calls) => calls.cancel("a", "eve"))).toMatchObject({ ok: false, code: "forbidden" });
	expect(bench.call(caller, "a", "shrink")).toMatchObject({ ok: false, code: "idempotency_mismatch" });
	expect(bench.do((calls) => calls.again("b", "anonymous", other))).toMatchObject({ ok: false, code: "not_found" });
});

test("as many calls wait as may; one more is refused, and taken when there is room", () => {
	const bench = new Bench();
	const [caller, server] = [bench.connect("caller"), bench.connect("server")];
	for (let index = 0; index < limits.callsPerSpace; index++) bench.call(caller, `c${index}`);
	expect(bench.call(caller, "more")).toMatchObject({ ok: false, code: "calls_full" });
	bench.reply(server, "c0");
	expect(bench.call(caller, "more")).toMatchObject({ ok: true });
});

test("results are dropped when they have been kept long enough", () => {
	const bench = new Bench();
	const caller = bench.connect("caller");
	bench.call(caller, "a");
	bench.reply(caller, "a");
	expect(bench.do((calls) => calls.forget())).toBe(bench.now + durations.callKept);
	bench.now += durations.callKept;
	expect(bench.do((calls) => calls.forget())).toBeUndefined();
	expect(bench.reply(caller, "a")).toMatchObject({ ok: false, code: "not_found" });
});
