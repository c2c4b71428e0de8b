import { readContract } from "../protocol/contract/check.ts";
import { retention as shipped } from "../protocol/limits.ts";
import { readPatterns } from "../protocol/patterns.ts";
import type { ChannelConfig, Config, Hooks } from "./config.ts";
import { channelContract, collectionContract, serviceContracts } from "./contract-screens.ts";
import { messageHook, recordHook } from "./hooks.ts";
import type {
	CallScreens,
	ChannelRule,
	ChannelRules,
	MessageScreen,
	RecordRules,
	RecordScreen,
} from "./space/ports.ts";

/** What a space is told of the configuration. */
export interface SpaceRules {
	readonly channels: ChannelRules;
	readonly records: RecordRules;
	readonly calls: CallScreens;
}

/**
 * Reads what a configuration says of channels and collections; the result gives the rules of a space by its name.
 *
 * @throws Error that names the mistake and where it is.
 */
export function compileRules(config: Config): (space: string) => SpaceRules {
	const said = Object.entries(config.channels ?? {}).map(([pattern, channel]) => [pattern, ruleOf(pattern, channel)]);
	const table = readPatterns(Object.fromEntries(said) as { [pattern: string]: ChannelRule });
	if (!table.ok) throw mistake(`channels: ${table.fault.message}`);
	const { onPublish, onRecordWrite } = readHooks(config.hooks);
	const contract = readContract(config.contract ?? {});
	if (!contract.ok) throw mistake(contract.fault.message);
	const { channels, collections, services } = contract.value;
	const calls = serviceContracts(services);
	return (space) => {
		const hook = onPublish && messageHook(onPublish, space);
		const hookRecord = onRecordWrite && recordHook(onRecordWrite, space);
		return {
			calls,
			channels: (name) => {
				const schema = channels.find(name);
				const screen = inTurn(schema && channelContract(schema), hook);
				return { ...(table.value.find(name) ?? everyOther), ...(screen && { screen }) };
			},
			records: (name) => {
				const schema = collections.find(name);
				return recordsInTurn(schema && collectionContract(schema), hookRecord);
			},
		};
	};
}

/** First what the contract says of a message, then the hook, of what the contract makes of it. */
function inTurn(contract: MessageScreen | undefined, hook: MessageScreen | undefined): MessageScreen | undefined {
	if (!contract || !hook) return contract ?? hook;
	return (message) => {
		const checked = contract(message);
		return checked.ok ? hook({ ...message, draft: { ...message.draft, data: checked.data } }) : checked;
	};
}

function recordsInTurn(contract: RecordScreen | undefined, hook: RecordScreen | undefined): RecordScreen | undefined {
	if (!contract || !hook) return contract ?? hook;
	return (write) => {
		const checked = contract(write);
		return checked.ok ? hook({ ...write, data: checked.data }) : checked;
	};
}

const everyOther: ChannelRule = { kind: "log", retention: shipped };

/** The last message of a key is what a keyed channel is for, so that no time takes it away unless one is said. */
const keyedRetention = { ...shipped, age: Number.POSITIVE_INFINITY };

function ruleOf(pattern: string, { kind = "log", retention = {} }: ChannelConfig): ChannelRule {
	if (!["log", "keyed", "ephemeral"].includes(kind)) {
		throw mistake(`channels, "${pattern}": kind is "log", "keyed" or "ephemeral".`);
	}
	if (kind === "ephemeral" && Object.keys(retention).length > 0) {
		throw mistake(`channels, "${pattern}": an ephemeral channel keeps nothing, so that it has no retention.`);
	}
	const rule = { kind, retention: { ...(kind === "keyed" ? keyedRetention : shipped), ...retention } };
	for (const [bound, value] of Object.entries(rule.retention)) {
		if (!(bound in shipped)) throw mistake(`channels, "${pattern}": retention has no ${bound}.`);
		if (!(typeof value === "number" && value >= 1)) {
			throw mistake(`channels, "${pattern}": retention.${bound} is a number from 1, or Infinity.`);
		}
	}
	return rule;
}

const synchronous = ["onPublish", "onRecordWrite"] as const;

function readHooks(hooks: Hooks = {}): Hooks {
	for (const name of synchronous) {
		if (hooks[name]?.constructor.name !== "AsyncFunction") continue;
		throw mistake(
			`hooks.${name} is async. It runs inside a transaction, which waits for nothing: make it synchronous.`,
		);
	}
	return hooks;
}

function mistake(what: string): Error {
	return new Error(`aerogram.config.ts: ${what}`);
}
