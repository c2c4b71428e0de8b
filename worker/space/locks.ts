import type { Json } from "../../protocol/envelopes.ts";
import { type LockHold, locksCollection } from "../../protocol/locks.ts";
import type { Fault } from "../../protocol/result.ts";
import type { Collections } from "./parts/collections/collections.ts";
import type { LiveRecord } from "./parts/collections/record.ts";

/** Says whether a lock is held; a fault (`lock_lost`) where it is not. */
export type LockCheck = (hold: LockHold) => Fault | undefined;

/**
 * Whether a lock is held right now with that very token. It is asked inside the transaction of the write that depends on it:
 * between the answer and the write there is nothing.
 */
export function checkLock(collections: Pick<Collections, "record">, epoch: string, hold: LockHold): Fault | undefined {
	const record = collections.record({ collection: locksCollection, id: hold.name });
	if (!record) return lost(`Nobody holds the lock ${hold.name}: it was released, or has expired.`);
	if (tokenOf(record, epoch) !== hold.token) return lost(`The lock ${hold.name} is held with another token now.`);
	return undefined;
}

/** The token of who holds a lock: the revision at which it was taken, which a renewal repeats in its `token`. */
function tokenOf({ rev, data }: LiveRecord, epoch: string): string {
	const { token } = JSON.parse(data) as { readonly token?: Json };
	return typeof token === "string" && token.startsWith(`${epoch}:`) ? token : `${epoch}:${rev}`;
}

function lost(message: string): Fault {
	return { code: "lock_lost", message };
}
