import type { CollectionChange, WatchGap, WatchPosition } from "../record-watch.ts";

/** What a watch hands on, in order. `place`: where whoever has taken it stands. `weight`: roughly its characters on the wire. */
export type WatchItem =
	| {
			readonly kind: "change";
			readonly change: CollectionChange;
			readonly place: WatchPosition;
			readonly weight: number;
	  }
	/** A snapshot replaces what was known. */
	| { readonly kind: "gap"; readonly gap: WatchGap; readonly place: WatchPosition }
	/** The snapshot is whole: a record that was not in it is not there. */
	| { readonly kind: "whole"; readonly place: WatchPosition }
	/** Nothing of what is watched changed up to here. */
	| { readonly kind: "passed"; readonly place: WatchPosition };

/** Whom a watcher hands things, and who tells it when the application has taken them. */
export interface WatchSink {
	take(item: WatchItem): void;
	/** Nothing more comes; in a box because anything can be a reason. Undefined where it was asked to end. */
	ended(failure: { readonly reason: unknown } | undefined): void;
}
