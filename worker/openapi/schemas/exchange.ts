import { limits, requestLimits } from "../../../protocol/limits.ts";
import { answered, list, ref, type Schema, sent, text } from "./shapes.ts";

/** What an exchange says and is answered. */
export const exchangeSchemas = {
	Exchange: sent({
		name: text("Who speaks.", { minLength: 1, maxLength: requestLimits.exchangeNameLength, examples: ["小飞机"] }),
		message: text("What is said.", { examples: ["你好,服务器!"] }),
	}),
	ExchangeReply: answered(
		{
			status: { type: "string", const: "success" },
			message: text("A greeting: one line.", { examples: ["Hello, 小飞机! Your message is stored."] }),
		},
		{
			position: ref(
				"Position",
				"Where it is stored, in channel `exchange` of space `default`; absent where the configuration makes that ephemeral.",
			),
		},
	),
	ExchangeOrList: orList("Exchange"),
	ExchangeReplyOrList: orList("ExchangeReply"),
} satisfies Record<string, Schema>;

function orList(name: string): Schema {
	return { oneOf: [ref(name), list(ref(name), "", { minItems: 1, maxItems: limits.batchMessages })] };
}
