/** What the compiler takes and refuses in `aerogram.config.ts`. Nothing here runs. */
import { defineConfig } from "../../worker/config.ts";

defineConfig({
	hooks: {
		onPublish({ channel, data }) {
			if (channel === "news") return { reject: "No." };
			if (data === null) return { data: { at: new Date() } };
		},
		onRecordWrite() {},
		async onConnect({ headers }) {
			if (!headers.has("authorization")) return { reject: "Who are you?" };
		},
	},
	channels: { "a:*": { kind: "keyed", retention: { age: Number.POSITIVE_INFINITY } }, "b:*": { kind: "ephemeral" } },
});
defineConfig({ hooks: { async onConnect() {} } });
// @ts-expect-error a promise is not waited for
defineConfig({ hooks: { onPublish: async () => undefined } });
// @ts-expect-error a promise is not waited for
defineConfig({ hooks: { onRecordWrite: async () => ({ reject: "No." }) } });
// @ts-expect-error a reason is a text
defineConfig({ hooks: { onPublish: () => ({ reject: true }) } });
// @ts-expect-error what is ephemeral has no retention
defineConfig({ channels: { a: { kind: "ephemeral", retention: { age: 1 } } } });
// @ts-expect-error there is no such kind
defineConfig({ channels: { a: { kind: "queue" } } });
// @ts-expect-error a retention has an age
defineConfig({ channels: { a: { retention: { days: 1 } } } });
