import { readIssuers } from "../../worker/auth/issuers.ts";
import { readKeys } from "../../worker/auth/keys.ts";
import { compileRules } from "../../worker/compile-rules.ts";
import type { Config } from "../../worker/config.ts";
import { readOrigins } from "../../worker/http/origins.ts";

/** What wrangler.toml says, as far as a plan tells of it. */
export interface WranglerSettings {
	readonly name?: string | undefined;
	readonly compatibility_date?: string | undefined;
	readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
	readonly migrations: readonly { readonly tag: string; readonly new_sqlite_classes?: readonly string[] | undefined }[];
	readonly vars: Readonly<Record<string, unknown>>;
	readonly routes?: readonly (string | { readonly pattern: string })[] | undefined;
	readonly route?: string | { readonly pattern: string } | undefined;
	readonly workers_dev?: boolean | undefined;
	readonly observability?: { readonly logs?: { readonly invocation_logs?: boolean | undefined } } | undefined;
}

/** What is to be deployed. */
export interface Deployment {
	readonly wrangler: WranglerSettings;
	/** `aerogram.config.ts`. */
	readonly config: Config;
	/** `AEROGRAM_KEYS`, which goes along as a secret; undefined where it is not given. */
	readonly keys: string | undefined;
	/** Whether the Worker has its keys already, and keeps them. */
	readonly keepKeys: boolean;
	/** What else is said to `wrangler deploy`. */
	readonly args: readonly string[];
}

/** What a deployment would create, and why it may not be. */
export interface Plan {
	/** What would be there, each with its name. Never a secret. */
	readonly rows: readonly (readonly [name: string, text: string])[];
	/** Why nothing is uploaded, a sentence each; none where it may be. */
	readonly refusals: readonly string[];
}

/** The bindings that the Worker's code uses, with their classes. */
const objects: Readonly<Record<string, string>> = { SPACES: "Space", DIRECTORY: "Directory" };

/** Says what a deployment would create, without asking anybody, and refuses what would stand open or could let nobody in. */
export async function planDeployment({ wrangler, config, keys, keepKeys, args }: Deployment): Promise<Plan> {
	const secrets = await secretsOf(config, keys, keepKeys);
	const { name = "", compatibility_date: day = "", vars } = wrangler;
	const origins = config.origins ?? [];
	const issuers = config.issuers ?? [];
	return {
		rows: [
			["Worker", `${name}, on the runtime of ${day}`],
			["Objects", objectsOf(wrangler)],
			["Address", addressesOf(wrangler).join(", ")],
			["Secrets", secrets.text],
			["Issuers", issuers.map(({ issuer, algorithm }) => `${issuer} (${algorithm})`).join(", ") || "none"],
			["Origins", ["pages of the Worker itself", ...origins].join(", ")],
			["Dev mode", "off: nobody is let in without a key or a token"],
			["Raw TCP", "none"],
			[
				"Log",
				`${vars.AEROGRAM_LOG === "failures" ? "each request that fails in the Worker" : "each request"}, one line`,
			],
		],
		refusals: [
			...(secrets.refusal === undefined ? [] : [secrets.refusal]),
			...mistakesOf(config),
			...openings(wrangler, args),
			...missingObjects(wrangler),
		],
	};
}

async function secretsOf(config: Config, keys: string | undefined, keepKeys: boolean) {
	const read = await readKeys(keys ?? "", config.keys);
	if (!read.ok) return { text: "none that could be used", refusal: read.fault.message };
	const ids = [...read.value.values()].map(({ id }) =>
		config.keys?.[id] ? `${id} (may do less than everything)` : id,
	);
	if (ids.length > 0) return { text: `AEROGRAM_KEYS: ${ids.join(", ")}` };
	if (keepKeys) return { text: "AEROGRAM_KEYS: those that the Worker has" };
	if ((config.issuers ?? []).length > 0) return { text: "none: tokens of issuers alone are taken" };
	return {
		text: "AEROGRAM_KEYS: missing",
		refusal:
			"There are no keys, and nobody could be let in: set AEROGRAM_KEYS to id:secret, with a secret of openssl rand -hex 32, " +
			"or say --keep-keys where the Worker has them already.",
	};
}

/** What is wrong in `aerogram.config.ts`: the Worker would not start, or answer 503 to everybody. */
function mistakesOf(config: Config): readonly string[] {
	const ports = { fetch, now: () => 0, patience: 0, sleep: () => Promise.resolve() };
	const issuers = readIssuers(config.issuers ?? [], ports);
	const starts = [() => readOrigins(config), () => compileRules(config)].flatMap((start) => {
		try {
			start();
			return [];
		} catch (error) {
			return [error instanceof Error ? error.message : String(error)];
		}
	});
	return issuers.ok ? starts : [...starts, issuers.fault.message];
}

/** What would open the Worker to everybody, or show its secret to whoever may look at its settings. */
function openings({ vars, observability }: WranglerSettings, args: readonly string[]): readonly string[] {
	const isSet = (name: string) => vars[name] !== undefined || args.some((arg) => arg.includes(`${name}:`));
	return [
		...(isSet("AEROGRAM_DEV") ? ["AEROGRAM_DEV is set: in dev mode everybody may do everything. Take it out."] : []),
		...(isSet("AEROGRAM_KEYS") ? ["AEROGRAM_KEYS is a variable, which is no secret: give it by the environment."] : []),
		...(observability?.logs?.invocation_logs === false
			? []
			: ["The platform would log whole URLs, with tickets: set invocation_logs = false below [observability.logs]."]),
	];
}

function missingObjects({ durable_objects, migrations }: WranglerSettings): readonly string[] {
	const stored = new Set(migrations.flatMap(({ new_sqlite_classes = [] }) => new_sqlite_classes));
	return Object.entries(objects).flatMap(([name, type]) => {
		const bound = durable_objects.bindings.some((binding) => binding.name === name && binding.class_name === type);
		if (!bound) return [`The binding ${name} of the class ${type} is missing in wrangler.toml.`];
		return stored.has(type) ? [] : [`No migration of wrangler.toml makes ${type} a class with SQLite.`];
	});
}

function objectsOf({ durable_objects, migrations }: WranglerSettings): string {
	return durable_objects.bindings
		.map(({ class_name: type }) => {
			const migration = migrations.find(({ new_sqlite_classes = [] }) => new_sqlite_classes.includes(type));
			return migration ? `${type} (SQLite, by migration ${migration.tag})` : type;
		})
		.join(", ");
}

function addressesOf({ name, route, routes = [], workers_dev: workersDev }: WranglerSettings): readonly string[] {
	const own = [...routes, ...(route === undefined ? [] : [route])];
	const patterns = own.map((each) => (typeof each === "string" ? each : each.pattern));
	// As Wrangler has it: with routes of one's own, the subdomain is off unless it is asked for.
	const shared = (workersDev ?? patterns.length === 0) ? [`${name}.<your subdomain>.workers.dev`] : [];
	return [...patterns, ...shared];
}
