/** Where erasing goes on: after this row of that table. */
export type ErasePlace =
	| { readonly table: "records"; readonly collection: number; readonly id: string }
	| { readonly table: "segments"; readonly k: number }
	| { readonly table: "keyed"; readonly channel: number; readonly key: string };

/** Asks to erase some of what a principal left in a space. */
export interface EraseRequest {
	readonly principal: string;
	/** Who asks: whose writes the deletions of records are. */
	readonly by: string;
	/** Where to go on: what the step before said. Absent: at the beginning. */
	readonly after?: ErasePlace;
}

/** What one step erased. */
export interface ErasedStep {
	/** Messages that no longer say whom they are from. */
	readonly messages: number;
	/** Memberships that ended. */
	readonly members: number;
	/** Records that were deleted. */
	readonly records: number;
	/** Records that the application did not let go. */
	readonly kept: number;
	/** Where to go on. Absent: all is done. */
	readonly next?: ErasePlace;
}
