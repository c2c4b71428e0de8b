import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { SpaceApi } from "../../worker/space/api.ts";

let count = 0;

/** A space that no other test uses, and its object. */
export function freshSpace(): {
	readonly name: string;
	readonly stub: DurableObjectStub<SpaceApi & Rpc.DurableObjectBranded>;
} {
	count += 1;
	const name = `space-${count}-${crypto.randomUUID().slice(0, 8)}`;
	return { name, stub: env.SPACES.get(env.SPACES.idFromName(name)) };
}

/** Publishes messages over RPC, as HTTP does. */
export async function publish(
	stub: DurableObjectStub<SpaceApi & Rpc.DurableObjectBranded>,
	channel: string,
	...data: readonly (number | string)[]
) {
	return stub.publish({ principal: "anonymous", channel, drafts: data.map((each) => ({ data: each })) });
}

/** Puts a space's object to sleep: its memory is gone, its sockets stay. One that sleeps already stays so. */
export async function evict(stub: DurableObjectStub<SpaceApi & Rpc.DurableObjectBranded>): Promise<void> {
	try {
		await evictDurableObject(stub);
	} catch (error) {
		if (!String(error).includes("not currently running")) throw error;
	}
}
