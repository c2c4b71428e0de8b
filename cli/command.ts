/** One command of `aerogram`: a module in `commands/`. */
export interface Command {
	/** What `aerogram help <command>` prints. */
	readonly help: string;
	/**
	 * Runs it with what stands after its name. Resolves when it is done; what serves until it is ended, resolves to
	 * `"serving"` when it does.
	 *
	 * @throws UsageError, UnavailableError, or an `AerogramError` with what the server refused.
	 */
	run(args: readonly string[]): Promise<"serving" | undefined>;
}

/** A command as the table of all of them knows it. */
export interface CommandEntry {
	/** What it does, in a few words. */
	readonly summary: string;
	/** Loads it: the commands that speak to a server need nothing of those that run one. */
	load(): Promise<Command>;
}

/** Every command, in the order in which help lists them. */
export const commands: ReadonlyMap<string, CommandEntry> = new Map(
	Object.entries({
		dev: { summary: "the whole exchange on this machine", load: () => import("./commands/dev.ts") },
		tcp: { summary: "a raw TCP port of this machine, for a server elsewhere", load: () => import("./commands/tcp.ts") },
		pub: { summary: "publish to a channel", load: () => import("./commands/pub.ts") },
		sub: { summary: "print what is published to a channel", load: () => import("./commands/sub.ts") },
		get: { summary: "print a record, or all of a collection", load: () => import("./commands/get.ts") },
		put: { summary: "write a record", load: () => import("./commands/put.ts") },
		patch: { summary: "change members of a record", load: () => import("./commands/patch.ts") },
		del: { summary: "delete a record", load: () => import("./commands/del.ts") },
		token: { summary: "mint a token, or say what one says", load: () => import("./commands/token.ts") },
		revoke: { summary: "let tokens or a key count no more", load: () => import("./commands/revoke.ts") },
	}),
);
