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
	[
		// `floor` is the last revision among the tombstones that were dropped; the row is written only then.
		"CREATE TABLE collections (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, floor INTEGER NOT NULL)",
		// A tombstone has no data. No index on rev or expires: each would cost a row a write. The data stands last, so that
		// a scan for the others need not read it.
		`CREATE TABLE records (
			collection INTEGER NOT NULL, id TEXT NOT NULL, rev INTEGER NOT NULL, updated INTEGER NOT NULL, expires INTEGER,
			data TEXT, PRIMARY KEY (collection, id)
		) WITHOUT ROWID`,
		// Idempotency keys whose answer is more than a range of seqs. A column of `keys` it cannot be: the version before
		// names none when it inserts there.
		`CREATE TABLE answers (
			scope TEXT PRIMARY KEY, hash TEXT NOT NULL, answer TEXT NOT NULL, expires INTEGER NOT NULL
		) WITHOUT ROWID`,
	],
	[
		// Who is on which channel, by its number. The key is all there is to look by; the data stands last.
		`CREATE TABLE members (
			channel INTEGER NOT NULL, principal TEXT NOT NULL, client TEXT NOT NULL, ts INTEGER NOT NULL, data TEXT NOT NULL,
			PRIMARY KEY (channel, principal, client)
		) WITHOUT ROWID`,
		// Clients whose last connection ended while they were members of something, and when they have left.
		`CREATE TABLE gone (
			principal TEXT NOT NULL, client TEXT NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (principal, client)
		) WITHOUT ROWID`,
	],
	[
		// A call, and later its result: `failed` is absent until there is one, `data` first what was asked, then the result.
		// `due` is the deadline, then when the row goes. `number` stands in the attachments of sockets; `attempt` and `leased`
		// are written only for a call that is held by nobody's socket. `data` stands last, as in records.
		`CREATE TABLE calls (
			id TEXT PRIMARY KEY, number INTEGER NOT NULL, service TEXT NOT NULL, principal TEXT NOT NULL, client TEXT NOT NULL,
			due INTEGER NOT NULL, failed INTEGER, attempt INTEGER NOT NULL, leased INTEGER, hash TEXT, data TEXT NOT NULL
		) WITHOUT ROWID`,
	],
	[
		// The last message of each key. `producers`: the publishes that only this row tells of. No index on seq: it would cost
		// a row a write. The body stands last, so that a scan for the others need not read it.
		`CREATE TABLE keyed (
			channel INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, ts INTEGER NOT NULL, producers TEXT,
			body TEXT NOT NULL, PRIMARY KEY (channel, key)
		) WITHOUT ROWID`,
	],
	[
		// Capabilities that are too long for the attachments of the sockets that have them; those hold the id.
		"CREATE TABLE rights (id INTEGER PRIMARY KEY, capabilities TEXT NOT NULL)",
	],
];
