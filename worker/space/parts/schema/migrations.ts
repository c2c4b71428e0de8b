/**
 * The tables of a space, one list of statements a version. A version that has shipped never changes; the next one only
 * adds, so that the code before it still works on the result (a deploy reaches an object minutes after its Worker).
 */
export const migrations: readonly (readonly string[])[] = [
	[
		// A channel's number stands in the keys of its segments and in the attachments of its subscribers.
		"CREATE TABLE channels (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL)",
		// k = channel number × 2^32 + first seq. A rowid table without any other index: each index costs a row a write.
		"CREATE TABLE segments (k INTEGER PRIMARY KEY, last INTEGER NOT NULL, ts INTEGER NOT NULL, body TEXT NOT NULL)",
		// All producers of a channel as of `seq`; the segments after it hold the rest.
		"CREATE TABLE checkpoints (channel INTEGER PRIMARY KEY, seq INTEGER NOT NULL, state TEXT NOT NULL)",
		// Idempotency keys, each used once; `first` and `count` are the answer.
		`CREATE TABLE keys (
			scope TEXT PRIMARY KEY, hash TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, expires INTEGER NOT NULL
		) WITHOUT ROWID`,
		"CREATE TABLE jobs (kind TEXT PRIMARY KEY, due INTEGER NOT NULL) WITHOUT ROWID",
	],
];
