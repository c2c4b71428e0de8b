import { type Threat, unit } from "./threat.ts";

/** What a client that is let in can make the server do for nothing, and how long it stays let in. */
export const overload: readonly Threat[] = [
	{
		id: "T32",
		rule: "What came on a subscription that was replaced counts until the next credit.",
		edits: [{ file: "worker/space/window.ts", find: `this.#left += size;`, replace: `this.#outstanding -= size;` }],
		red: unit("space/outbox", "without credit stays within one window"),
	},
	{
		id: "T33",
		rule: "One flush reads only so much in search of repeated publishes.",
		edits: [
			{
				file: "worker/space/parts/log/search.ts",
				find: `#left: number = storage.searchedSize;`,
				replace: `#left: number = Number.POSITIVE_INFINITY;`,
			},
		],
		red: unit("space/search", "a flush reads only so much in search"),
	},
	{
		id: "T34",
		rule: "A socket says of so many calls that it works on them, and no more.",
		edits: [
			{
				file: "worker/space/parts/calls/board.ts",
				find: `if (attempt > attemptMost || this.servers.heldBy(peer).length >= limits.serviceConcurrency) return;`,
				replace: "",
			},
		],
		red: unit("space/calls", "what a client may not say it works on is not believed"),
	},
	{
		id: "T35",
		rule: "Who was let in is asked after again, for as long as a connection stands.",
		edits: [
			{ file: "worker/connect.ts", find: `return await recheck(identity, env);`, replace: `return succeed(identity);` },
		],
		red: { test: "test/node/doors.test.ts", named: "ends for whom was revoked since" },
	},
];
