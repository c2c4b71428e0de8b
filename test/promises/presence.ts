import type { MemberEvent, MembersChange, Occupancy } from "../../sdk/index.ts";
import { ensure, equal, eventually, range, rejection, sleep, take } from "./check.ts";
import type { Promised } from "./promise.ts";

/** Follows the members of a channel: who is there now, and every event that was told. */
function follow(subscribe: (callback: (change: MembersChange) => void) => () => void) {
	const seen = { members: [] as unknown[], events: [] as string[], end: () => {} };
	const note = ({ event, client }: MemberEvent) => seen.events.push(`${event} ${client}`);
	seen.end = subscribe(({ members, changes }) => {
		seen.members = members.map(({ client, data }) => [client, data]);
		changes.forEach(note);
	});
	return seen;
}

/** What presence promises. */
export const presencePromises: readonly Promised[] = [
	{
		name: "who enters, changes and leaves is seen so by everybody who watches, whenever they began",
		async keep({ connect, space }) {
			const [ada, bob] = [connect({ client: "ada" }), connect({ client: "bob" })];
			const chat = ada.space(space).channel("chat").presence;
			const early = follow((callback) => bob.space(space).channel("chat").presence.subscribe(callback));
			await chat.enter({ status: "online" });
			await eventually(() => early.members.length === 1, "the enter");
			const late = follow((callback) => bob.space(space).channel("chat").presence.subscribe(callback));
			await eventually(() => late.members.length === 1, "the first view");
			await chat.update("away");
			for (const seen of [early, late]) {
				await eventually(() => seen.events.includes("update ada"), "the update");
				equal(seen.members, [["ada", "away"]]);
			}
			equal(
				(await chat.get()).map(({ from, client, data }) => [from, client, data]),
				[["anonymous", "ada", "away"]],
			);
			early.end();
			await chat.leave();
			await eventually(() => late.members.length === 0, "the leave");
			equal(late.events, ["enter ada", "update ada", "leave ada"]);
			equal(early.events, ["enter ada", "update ada"]);
			late.end();
		},
	},
	{
		name: "members are iterated as they are now, and then as they change",
		async keep({ connect, space }) {
			const { presence } = connect({ client: "ada" }).space(space).channel<unknown, string>("chat");
			const views: string[] = [];
			for await (const { members } of presence.subscribe()) {
				views.push(members.map(({ data }) => data).join());
				if (views.length === 1) await presence.enter("here");
				if (members.length === 1) break;
			}
			equal(views, ["", "here"]);
			const [view] = await take(presence.subscribe(), 1);
			equal(
				view?.changes.map(({ event, data }) => [event, data]),
				[["enter", "here"]],
			);
		},
	},
	{
		name: "a member that is cut off and comes back soon is not seen to leave, and stays a member",
		async keep({ connect, connectCuttable, cut, space }) {
			const watcher = connect().space(space).channel("chat").presence;
			const seen = follow((callback) => watcher.subscribe(callback));
			const handle = connectCuttable({ client: "ada" }).space(space);
			await handle.channel("chat").presence.enter(1);
			await eventually(() => seen.members.length === 1, "the enter");
			for (const _ of range(1, 3)) {
				await cut();
				await sleep(50);
			}
			await handle.channel("chat").presence.update(2);
			await eventually(() => seen.events.includes("update ada"), "the update");
			equal(seen.events, ["enter ada", "update ada"]);
		},
	},
	{
		name: "who watches and is cut off has the right view afterwards, with what changed meanwhile",
		async keep({ connect, connectCuttable, cut, space }) {
			const members = range(1, 5).map(
				(number) =>
					connect({ client: `c${number}` })
						.space(space)
						.channel("chat").presence,
			);
			const watcher = connectCuttable().space(space).channel("chat").presence;
			const seen = follow((callback) => watcher.subscribe(callback));
			await Promise.all(members.slice(0, 3).map((member) => member.enter()));
			await eventually(() => seen.members.length === 3, "the first three");
			await cut();
			await Promise.all([members[0]?.leave(), members[1]?.update("new"), members[3]?.enter(), members[4]?.enter()]);
			const wanted = JSON.stringify([
				["c2", "new"],
				["c3", null],
				["c4", null],
				["c5", null],
			]);
			await eventually(() => JSON.stringify(seen.members) === wanted, "the view after the cut");
			equal(
				seen.events.filter((event) => event.startsWith("leave")),
				["leave c1"],
			);
		},
	},
	{
		name: "after a wipe a member is one again, and who watches sees it",
		async keep({ connect, space, url }) {
			const member = connect({ client: "ada" }).space(space).channel("chat").presence;
			const watcher = connect().space(space).channel("chat").presence;
			await member.enter("before");
			const seen = follow((callback) => watcher.subscribe(callback));
			await eventually(() => seen.members.length === 1, "the member");
			await fetch(`${url}/v1/spaces/${space}`, { method: "DELETE" });
			await member.update("after");
			await eventually(() => JSON.stringify(seen.members) === '[["ada","after"]]', "the member after the wipe");
			equal((await watcher.get()).length, 1);
		},
	},
	{
		name: "of many updates the last counts, and all resolve",
		async keep({ connect, space }) {
			const member = connect().space(space).channel<unknown, number>("chat").presence;
			await member.enter(0);
			await Promise.all(range(1, 50).map((number) => member.update(number)));
			equal(
				(await member.get()).map(({ data }) => data),
				[50],
			);
		},
	},
	{
		name: "occupancy is told as members and subscriptions come and go",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel("chat");
			const seen: Occupancy[] = [];
			const end = connect()
				.space(space)
				.channel("chat")
				.presence.occupancy((occupancy) => seen.push(occupancy));
			const last = () => JSON.stringify([seen.at(-1)?.members, seen.at(-1)?.subscribers]);
			await eventually(() => last() === "[0,0]", "the first count");
			const subscription = channel.subscribe();
			await eventually(() => last() === "[0,1]", "the subscription");
			await channel.presence.enter();
			await eventually(() => last() === "[1,1]", "the member");
			subscription.unsubscribe();
			await eventually(() => last() === "[1,0]", "the end of the subscription");
			await channel.presence.leave();
			await eventually(() => last() === "[0,0]", "the leave");
			end();
		},
	},
	{
		name: "what cannot be done is refused with its code: too much data, an update before an enter, a closed client",
		async keep({ connect, space, isAerogramError }) {
			const client = connect();
			const { presence } = client.space(space).channel<unknown, unknown>("chat");
			const codes: unknown[] = [];
			const attempts = [
				() => presence.enter("x".repeat(4_095)),
				() => presence.update(1),
				() => presence.enter(() => 1),
			];
			for (const attempt of attempts) {
				const error = await rejection(attempt());
				codes.push(isAerogramError(error) && error.code);
			}
			equal(codes, ["too_big", "not_found", "not_json"]);
			const iterating = take(presence.subscribe(), 5).then(() => "ended");
			await presence.enter("x".repeat(4_094));
			client.close();
			equal(await iterating, "ended");
			const error = await rejection(presence.enter());
			ensure(isAerogramError(error) && error.code === "closed", `closed, got ${String(error)}`);
		},
	},
	{
		name: "a signal ends a wait and a watch with its reason",
		async keep({ connect, space }) {
			const { presence } = connect().space(space).channel("chat");
			const reason = new Error("enough");
			equal(await rejection(presence.enter(1, { signal: AbortSignal.abort(reason) })), reason);
			const controller = new AbortController();
			const watching = rejection(take(presence.subscribe({ signal: controller.signal }), 2));
			await presence.get();
			controller.abort(reason);
			equal(await watching, reason);
		},
	},
];
