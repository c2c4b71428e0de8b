/** The collection whose records are locks: the id of each is the lock's name, and it is held until it is deleted or expires. */
export const locksCollection = "locks";

/** A lock and the token that its holder got with it. */
export interface LockHold {
	readonly name: string;
	/** `<epoch>:<rev>`: a later holder has a greater one, its epoch compared as text, then its revision as a number. */
	readonly token: string;
}
