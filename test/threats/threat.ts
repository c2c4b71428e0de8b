import type { Edit } from "../helpers/edited-build.ts";
import type { RedRun } from "../helpers/red-run.ts";

/** One thing that somebody may try, the rule that stands against it, and how to take the rule away. */
export interface Threat {
	/** Its row, T1 to T35. */
	readonly id: string;
	/** What the server holds to. */
	readonly rule: string;
	/** Changes to the sources that take the rule away, and nothing else. */
	readonly edits: readonly Edit[];
	/** The test that holds it, and that must be red without the rule. What it starts is built by `buildEdited`. */
	readonly red: Omit<RedRun, "env">;
}

/** A test of what comes in, named after its row. */
export const input = (id: string) => ({ test: "test/node/threats.test.ts", named: `^${id}:` });

/** A test of who somebody is, named after its row. */
export const identity = (id: string) => ({ test: "test/node/threats-identity.test.ts", named: `^${id}:` });

/** A test of a part alone. */
export const unit = (file: string, named: string) => ({
	project: "unit" as const,
	test: `test/unit/${file}.test.ts`,
	named,
});

/** A test of how much of something there may be. */
export const quotas = (named: string) => ({ test: "test/node/quotas.test.ts", named });
