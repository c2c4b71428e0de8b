import { expect, test } from "vitest";
import { retention } from "../../protocol/limits.ts";
import { compileRules } from "../../worker/compile-rules.ts";
import type { Config } from "../../worker/config.ts";

test("a channel that no pattern matches is a log with the shipped retention", () => {
	for (const config of [{}, { channels: {} }, { channels: { "other:*": { kind: "keyed" as const } } }]) {
		expect(compileRules(config)("space").channels("chat")).toEqual({ kind: "log", retention });
	}
});

test("the most specific pattern decides alone, and what it does not say is as shipped", () => {
	const { channels } = compileRules({
		channels: {
			"**": { retention: { age: 1_000 } },
			"chat:*": { retention: { messages: 5 } },
			"price:**": { kind: "keyed" },
			"price:old:*": { kind: "keyed", retention: { age: 60_000 } },
			"cursor:*": { kind: "ephemeral" },
		},
	})("space");
	expect(channels("news")).toEqual({ kind: "log", retention: { ...retention, age: 1_000 } });
	expect(channels("chat:1")).toEqual({ kind: "log", retention: { ...retention, messages: 5 } });
	expect(channels("price:eu:1")).toEqual({ kind: "keyed", retention: { ...retention, age: Number.POSITIVE_INFINITY } });
	expect(channels("price:old:1").retention.age).toBe(60_000);
	expect(channels("cursor:1").kind).toBe("ephemeral");
});

test("a mistake ends the Worker at its start, with a sentence that says where it is", () => {
	const mistakes: [config: unknown, message: RegExp][] = [
		[{ channels: { "chat*": {} } }, /^aerogram\.config\.ts: channels: "chat\*" is no pattern/],
		[{ channels: { chat: { kind: "queue" } } }, /channels, "chat": kind is "log", "keyed" or "ephemeral"/],
		[{ channels: { chat: { retention: { age: 0 } } } }, /"chat": retention\.age is a number from 1/],
		[{ channels: { chat: { retention: { messages: "9" } } } }, /retention\.messages is a number/],
		[{ channels: { chat: { retention: { bytes: Number.NaN } } } }, /retention\.bytes is a number/],
		[{ channels: { chat: { retention: { days: 3 } } } }, /"chat": retention has no days/],
		[{ channels: { chat: { kind: "ephemeral", retention: { age: 1 } } } }, /an ephemeral channel keeps nothing/],
		[{ hooks: { onPublish: async () => undefined } }, /hooks\.onPublish is async/],
		[{ hooks: { onRecordWrite: async () => undefined } }, /hooks\.onRecordWrite is async/],
	];
	for (const [config, message] of mistakes) expect(() => compileRules(config as Config)).toThrow(message);
});
