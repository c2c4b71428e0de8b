import { collectionSchemas } from "./schemas/collections.ts";
import { commonSchemas } from "./schemas/common.ts";
import { exchangeSchemas } from "./schemas/exchange.ts";
import { liveSchemas } from "./schemas/live.ts";
import { messageSchemas } from "./schemas/messages.ts";
import { presenceSchemas } from "./schemas/presence.ts";
import { serverSchemas } from "./schemas/server.ts";
import { serviceSchemas } from "./schemas/services.ts";
import { spaceSchemas } from "./schemas/spaces.ts";
import { tokenSchemas } from "./schemas/tokens.ts";
import { transactionSchemas } from "./schemas/transactions.ts";

/** Every schema of the document, by its name there. A resource has its own file in `schemas/`. */
export const schemas = {
	...commonSchemas,
	...exchangeSchemas,
	...spaceSchemas,
	...messageSchemas,
	...collectionSchemas,
	...serviceSchemas,
	...transactionSchemas,
	...liveSchemas,
	...presenceSchemas,
	...tokenSchemas,
	...serverSchemas,
};

/** The name of a schema. */
export type SchemaName = keyof typeof schemas;
