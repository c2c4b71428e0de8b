/**
 * Every number the server enforces, told to each socket in `welcome`. Sizes are UTF-8 bytes. Each stands below the limit
 * of the platform, so that what is refused is refused by us, with a code.
 */
export const limits = {
	/** The JSON text of one message's `data`. Two hundred of them fit the platform's largest row, 2 MB. */
	messageBytes: 65_536,
	/** One WebSocket frame from a client. The platform takes 32 MiB, which four sockets could fill an object with. */
	frameBytes: 1_048_576,
	/** Envelopes in one frame. */
	frameEnvelopes: 100,
	/** One HTTP request body. */
	bodyBytes: 1_048_576,
	/** One JSON, XML or packet value on raw TCP. */
	tcpValueBytes: 65_536,
	/** Faulty values one raw TCP connection may send before it is closed. */
	tcpFaults: 100,
	/** Arrays and objects inside one another. */
	depth: 32,
	/** Characters of a name, all parts and colons together. */
	nameLength: 164,
	/** Characters of a client id. */
	clientLength: 64,
	/** Printable ASCII characters of an Idempotency-Key. */
	idempotencyKeyLength: 128,
	/** Messages in one HTTP publish. */
	batchMessages: 100,
	/** Messages of a history page when `limit` is not given, and the most that may be asked for. */
	pageMessages: 100,
	pageMessagesMost: 1_000,
	/** Bytes of one `msg` frame from the log, unless its first message alone is larger. */
	pageBytes: 65_536,
	/** What a socket may have been sent without giving credit for it. */
	windowBytes: 262_144,
	/** Publishes one client may have in flight; the SDK keeps to it. */
	inFlight: 512,
	/** Channels one socket may be subscribed to: their numbers must fit the platform's 16 KiB attachment. */
	channelsPerSocket: 100,
	/** Sockets of one space; the platform takes 32,768. */
	socketsPerSpace: 10_000,
	/** Bytes of one space; the platform takes 10 GB. */
	spaceBytes: 8_000_000_000,
} as const;

/** The limits, by name. */
export type Limits = typeof limits;

/** What one channel retains; what is passed first trims it. */
export const retention = {
	/** Milliseconds. */
	age: 86_400_000,
	messages: 100_000,
	bytes: 67_108_864,
} as const;

/** How the log is stored and committed: `log-layout` measurements decided each of them. */
export const storage = {
	/** A stored segment grows to this, then the next one starts. 64 KiB cost 40 % at one message in flight. */
	segmentBytes: 16_384,
	/** A flush is forced above either of these: a guard that normal windows do not reach. */
	flushMessages: 1_024,
	flushBytes: 262_144,
	/** A checkpoint of the producers is written when this many messages passed since the last. */
	checkpointMessages: 256,
} as const;

/** Every duration, in milliseconds. Tests scale all of them by one factor; one test pins each shipped value. */
export const durations = {
	/** From the start of a connect to `welcome`. */
	connect: 10_000,
	/** From a publish to its answer; then the connection counts as dead. */
	answer: 10_000,
	/** Between two pings of a client, ± 20 %. */
	ping: 25_000,
	/** Without a sign of life this long after a ping, the connection is dead. */
	pong: 10_000,
	/** Full jitter: a delay is random between 0 and min(cap, base × 2^attempt), never below `backoffFloor`. */
	backoffBase: 500,
	backoffCap: 30_000,
	backoffFloor: 50,
	/** After a drop that met many clients at once, the first delay is random between 0 and this. */
	spread: 5_000,
	/** Connected this long, the back-off starts again from its base. */
	stable: 10_000,
	/** Offline this long, the connection calls itself `suspended` (and goes on trying). */
	suspended: 120_000,
	/** The SDK closes a socket this long after its last live use. */
	linger: 30_000,
	/** A client gives credit at least this often while it receives. */
	credit: 1_000,
	/** Behind this long without any credit, a socket is closed with `slow_consumer`. */
	slow: 30_000,
	/** Between two sweeps of a space: dead sockets, expired idempotency keys, aged segments. */
	sweep: 900_000,
	/** How long a producer or an idempotency key is remembered. */
	dedup: 86_400_000,
	/** How long raw TCP waits for a client to speak first before it greets. */
	tcpGreeting: 200,
	/** How long raw TCP reads on after a last word, so that the word is not lost to a reset. */
	tcpDrain: 1_000,
} as const satisfies Record<string, number>;

/** The durations, by name, in milliseconds. */
export type Durations = { readonly [Name in keyof typeof durations]: number };

/** All durations multiplied by one factor, at least 1 ms each. What is remembered (`dedup`) is not scaled. */
export function scaleDurations(factor: number): Durations {
	const scaled = Object.entries(durations).map(([name, value]) => [
		name,
		name === "dedup" ? value : Math.max(1, value * factor),
	]);
	return Object.fromEntries(scaled) as Durations;
}
