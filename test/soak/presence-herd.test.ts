import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { durations } from "../../protocol/limits.ts";
import { getJson } from "../helpers/http.ts";
import { HerdMember } from "../helpers/member-herd.ts";
import { waitUntil } from "../helpers/processes.ts";
import { startProxy } from "../helpers/proxy.ts";
import { startServer } from "../helpers/server.ts";

const many = 1_000;

/** Runs work for each of many, so many at a time. */
async function forEach<Item>(
	items: readonly Item[],
	atOnce: number,
	work: (item: Item) => Promise<unknown>,
): Promise<void> {
	const left = [...items];
	const lane = async () => {
		for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
	};
	await Promise.all(Array.from({ length: atOnce }, lane));
}

test("1,000 sockets join within 2 s and leave within 2 s, each gets at most 200 frames, and every view ends equal", async () => {
	await using server = await startServer();
	const names = Array.from({ length: many + 1 }, (_, number) => `c${number}`);
	const herd: HerdMember[] = [];
	await forEach(names, 50, async (name) => herd.push(await HerdMember.connect(server.url, "herd", name)));
	const [last, ...others] = herd;
	if (!last) throw new Error("nobody connected");
	const count = async () => {
		const url = `${server.url}/v1/spaces/herd/channels/chat`;
		return (await getJson<{ occupancy: { members: number } }>(url)).occupancy.members;
	};

	let started = performance.now();
	await Promise.all(herd.map((member) => member.ask({ t: "enter" }, { t: "watch", of: "members" })));
	const joined = performance.now() - started;
	const everybody = [...names].sort();
	await waitUntil("every view is full", () => herd.every((member) => member.sees(many + 1)), 20_000);
	const seen = performance.now() - started;
	for (const member of herd) expect(member.view().members).toEqual(everybody);

	started = performance.now();
	await Promise.all(others.map((member) => member.ask({ t: "leave" })));
	const left = performance.now() - started;
	await waitUntil("every view is empty but for one", () => herd.every((member) => member.sees(1)), 20_000);
	const unseen = performance.now() - started;
	expect(await count()).toBe(1);
	for (const member of herd) expect(member.view().members).toEqual([last.id]);
	const most = Math.max(...herd.map(({ frames }) => frames.length));
	console.log(
		`${many} sockets: joined in ${Math.round(joined)} ms, seen by all in ${Math.round(seen)} ms; ` +
			`left in ${Math.round(left)} ms, seen by all in ${Math.round(unseen)} ms; at most ${most} frames each`,
	);
	for (const { socket } of herd) socket.close();
	expect(joined).toBeLessThanOrEqual(2_000);
	expect(left).toBeLessThanOrEqual(2_000);
	expect(most).toBeLessThanOrEqual(200);
});

test("of 1,000 members, the half that a network swallows is gone within 60 s, and none of the others flaps", async () => {
	await using server = await startServer();
	const proxy = await startProxy(server.url, {});
	const half = many / 2;
	const [swallowed, standing]: [HerdMember[], HerdMember[]] = [[], []];
	const numbers = Array.from({ length: half }, (_, number) => number);
	const pings: NodeJS.Timeout[] = [];
	const join = async (url: string, name: string, herd: HerdMember[]) => {
		const member = await HerdMember.connect(url, "herd", name);
		pings.push(
			setInterval(() => member.socket.readyState === member.socket.OPEN && member.socket.send("ping"), durations.ping),
		);
		herd.push(member);
		await member.ask({ t: "enter" }, { t: "watch", of: "members" });
	};
	try {
		await forEach(numbers, 20, (number) => join(server.url, `stays${number}`, standing));
		await forEach(numbers, 20, (number) => join(proxy.url, `goes${number}`, swallowed));
		const names = standing.map(({ id }) => id).sort();
		const isSeen = (count: number) => standing.every((member) => member.view().members.length === count);
		await waitUntil("everybody is seen", () => isSeen(2 * half), 60_000);
		proxy.swallow();
		const started = performance.now();
		await waitUntil("the half is gone", () => isSeen(half), 90_000);
		const gone = performance.now() - started;
		// As long again: whoever flaps would do so now.
		await sleep(durations.ping + durations.pong + durations.grace);
		let flaps = 0;
		for (const member of standing) {
			const { members, leaves } = member.view();
			expect(members).toEqual(names);
			expect(leaves.size).toBe(half);
			for (const [client, times] of leaves) if (names.includes(client) || times !== 1) flaps += 1;
		}
		console.log(`${half} of ${2 * half} swallowed: gone in ${Math.round(gone)} ms; ${flaps} flaps`);
		expect(gone).toBeLessThanOrEqual(60_000);
		expect(flaps).toBe(0);
	} finally {
		for (const ping of pings) clearInterval(ping);
		for (const { socket } of [...standing, ...swallowed]) socket.close();
		await proxy.close();
	}
});
