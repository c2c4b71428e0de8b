/**
 * What the server refuses of one input or one connection. Sizes are UTF-8 bytes. Each stands below the limit of the platform,
 * so that what is refused is refused by us, with a code. Told to each socket in `welcome.limits`, with the quotas.
 */
export const limits = {
	/** The JSON text of one message's `data`. Two hundred of them fit the platform's largest row, 2 MB. */
	messageBytes: 65_536,
	/** The JSON text of one record's `data`. */
	recordBytes: 65_536,
	/** The longest time-to-live of a record that may be asked for: ten years. */
	ttlSeconds: 315_360_000,
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
	/** Messages, or records, of a page when `limit` is not given. */
	pageMessages: 100,
	/** The most of a page that `limit` may ask for. */
	pageMessagesMost: 1_000,
	/** Bytes of one `msg` frame from the log, unless its first message alone is larger. */
	pageBytes: 65_536,
	/** What a socket may have been sent without giving credit for it. */
	windowBytes: 262_144,
	/** Publishes that one socket may have unanswered. The SDK keeps to it; one more is refused. */
	inFlight: 512,
	/** What one socket may be refused for its rate, one after the other, before it is closed: publishes, and names that are new. */
	refusals: 1_000,
	/** Channels one socket may be subscribed to: their numbers must fit the platform's 16 KiB attachment. */
	channelsPerSocket: 100,
	/** Channels one event stream or long-poll may read: their places must fit the `id` of each event. */
	channelsPerStream: 20,
	/** The JSON text of one member's `data`. A full channel of them is what one watcher is sent at once. */
	memberBytes: 4_096,
	/** Channels that one client may be a member of: it enters all of them again after a reconnect. */
	membershipsPerClient: 100,
	/** Watches of one socket: their selectors must fit the platform's 16 KiB attachment. */
	watchesPerSocket: 50,
	/** Services that one socket may serve: their names must fit there, too. */
	servicesPerSocket: 20,
	/** Calls that one socket may be handed at a time, over all its services. */
	serviceConcurrency: 100,
	/** Calls of other clients whose results one socket may wait for: their numbers must fit there, too. */
	callsAwaited: 100,
	/** Calls of one space that may wait for their reply. */
	callsPerSpace: 10_000,
	/** Capabilities of one token or key: what each socket may do must be asked quickly, and kept while the object sleeps. */
	capabilities: 100,
	/** Writes in one transaction. */
	transactionItems: 100,
	/** Sockets of one space that have not said who they are: they must not keep others out. */
	socketsUnknown: 1_000,
} as const;

/** The limits, by name. */
export type Limits = typeof limits;

/**
 * How much one client, one principal or one space may use. `limits` in `aerogram.config.ts` gives any of them another value;
 * the one that counts is told in `welcome.limits`. A *delivery* is one message to one subscriber, or one change of a record
 * to one who watches its collection; what goes to nobody counts as one.
 */
export const quotas = {
	/**
	 * Messages a second that one principal may publish to a space, over HTTP and raw TCP together. A write of a record counts
	 * as one, and so does a call.
	 */
	publishRate: 5_000,
	/** Messages that it may publish at once; what it used comes back at that rate. */
	publishBurst: 20_000,
	/**
	 * Deliveries a second that one client may cause from its sockets; a call, and a name that nobody has used yet, count as one.
	 * An object was seen to make 167,000, a message a frame.
	 */
	clientRate: 100_000,
	/** Deliveries that it may cause at once: a thousand messages to a thousand subscribers. */
	clientBurst: 1_000_000,
	/** Deliveries a second that one principal may cause in a space, by all its clients and over every door. */
	principalRate: 200_000,
	/** Deliveries that it may cause at once. */
	principalBurst: 2_000_000,
	/** Members of one channel. */
	membersPerChannel: 5_000,
	/** Records of one collection: after a sleep, its first use reads all of them. */
	recordsPerCollection: 100_000,
	/** Sockets of one space; the platform takes 32,768. */
	socketsPerSpace: 10_000,
	/** Bytes of one space; the platform takes 10 GB. */
	spaceBytes: 8_000_000_000,
	/**
	 * Rows that one space may write in a day, which begins at midnight UTC: at $1.00 a million, ten dollars. A message that
	 * comes alone takes one, a busy channel takes one for twenty. Told to within a thousand for each wake of the space.
	 */
	rowsPerDay: 10_000_000,
	/**
	 * Spaces that one principal may begin: by a connection or a write, where nobody has before. A wipe gives one back. A key
	 * may begin any number.
	 */
	spacesPerPrincipal: 10_000,
} as const;

/** The quotas, by name. */
export type Quotas = { readonly [Name in keyof typeof quotas]: number };

/** The most that `aerogram.config.ts` may give these quotas: beyond, the platform would refuse, and without a code. */
export const quotaCeilings = {
	/** Members of one channel. */
	membersPerChannel: 32_000,
	/** Sockets of one space; the platform takes 32,768. */
	socketsPerSpace: 32_000,
	/** Bytes of one space; the platform takes 10 GB. */
	spaceBytes: 9_500_000_000,
} as const satisfies Partial<Quotas>;

/** What one request, or one value on raw TCP, is held to, and what its answer is. No socket is told these. */
export const requestLimits = {
	/** Elements of one XML document. */
	xmlElements: 100_000,
	/** Attributes of one XML element. Three have a meaning. */
	xmlAttributes: 16,
	/** Characters (UTF-16 code units) of the name in an exchange. */
	exchangeNameLength: 256,
	/** Characters of it that the answer repeats: that must fit the one `recv(1024)` of a first program. */
	greetedLength: 60,
	/** Spaces, channels or collections in one list; `next` leads to those after them. */
	listed: 1_000,
	/** How long a browser may go by the answer to its preflight. */
	preflightSeconds: 600,
} as const;

/** What the log cuts what it tells to. */
export const logLimits = {
	/** Characters of one text of an entry: more than any method, name or sentence of the server has. */
	textLength: 512,
	/** Characters of a stack: some thirty frames. */
	stackLength: 4_096,
} as const;

/** What one channel retains unless `aerogram.config.ts` says otherwise; what is passed first trims it. */
export const retention = {
	/** How long a message is kept, in milliseconds. */
	age: 86_400_000,
	/** How many messages are kept. */
	messages: 100_000,
	/** How much is kept: the JSON text of the messages, as it is stored. */
	bytes: 67_108_864,
} as const;

/** How the log is stored and committed: `log-layout` measurements decided each that gives no other reason. */
export const storage = {
	/** A stored segment grows to this, then the next one starts. 64 KiB cost 40 % at one message in flight. */
	segmentBytes: 16_384,
	/** A flush is forced above so many messages: a guard that normal windows do not reach. */
	flushMessages: 1_024,
	/** A flush is forced above so much text: likewise. */
	flushBytes: 262_144,
	/** A checkpoint of the producers is written when this many messages passed since the last. */
	checkpointMessages: 256,
	/** Producers in the checkpoint of one channel. Beyond them, the one longest silent is forgotten. */
	checkpointProducers: 10_000,
	/**
	 * What a checkpoint may be, in UTF-8 bytes: the platform takes no row or text above 2 MB. The producers longest silent are
	 * forgotten above it: of 10,000 none, unless principal and client together are longer than some 110 characters.
	 */
	checkpointBytes: 1_500_000,
	/**
	 * UTF-16 code units of stored messages that one flush reads to tell where repeated publishes stand: some 10 ms. Those that
	 * a socket may have unanswered are found among three times as many of others, of 1 KiB each; of larger ones, fewer.
	 */
	searchedSize: 2_097_152,
} as const;

/** The streams and long-polls that the Worker holds for HTTP clients. */
export const streams = {
	/**
	 * UTF-16 code units that may wait for a reader of frames. Messages stop at its window; this is for the answers of one
	 * that goes on asking and does not read.
	 */
	waitingMost: 1_048_576,
	/**
	 * The work of one event stream, in UTF-16 code units written: it ends there, and its reader comes back, because a Worker
	 * has 30 s of processor time for a request. Measured, a million of them take some 10 ms.
	 */
	workMost: 1_000_000_000,
	/** What one write costs beside its length, in the same measure: 0.1 ms. */
	workOfWrite: 10_000,
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
	/** Full jitter: a delay is random between 0 and min(`backoffCap`, `backoffBase` × 2^attempt), and not below the floor. */
	backoffBase: 500,
	/** The most that the random delay of a back-off is drawn from. */
	backoffCap: 30_000,
	/** The shortest delay of a back-off. */
	backoffFloor: 50,
	/** After a drop that met many clients at once, the first delay is random between 0 and this. */
	spread: 5_000,
	/** Connected this long, the back-off starts again from its base. */
	stable: 10_000,
	/** Offline this long, the connection calls itself `suspended` (and goes on trying). */
	suspended: 120_000,
	/** The SDK closes a socket this long after its last live use. */
	linger: 30_000,
	/** How long the SDK parks a long-poll: below `waitMost`, and below the 30 s after which some proxies give up. */
	poll: 25_000,
	/** How old a message may be that the right to subscribe alone lets a client have: older ones are history. */
	resumeWindow: 120_000,
	/** A client gives credit at least this often while it receives. */
	credit: 1_000,
	/** Behind this long without any credit, a socket is closed with `slow_consumer`. */
	slow: 30_000,
	/** Between two sweeps of a space: dead sockets, expired idempotency keys. */
	sweep: 900_000,
	/** Between two looks of a space for messages that are too old: so much longer than its retention one may stay. */
	trim: 60_000,
	/** How long a producer or an idempotency key is remembered. */
	dedup: 86_400_000,
	/** How long a collection remembers that a record was deleted or expired, so that who was away can be told. */
	changes: 86_400_000,
	/** How long a client may be gone until it has left: its memberships, and the calls that it serves. */
	grace: 15_000,
	/** Between two tellings of who came and went: many leave as one envelope. */
	presenceBatch: 100,
	/** A member's data changes, and is written, at most this often. */
	memberUpdate: 1_000,
	/** Between two sweeps of a space that has members or servers, for sockets that are dead and never said so. */
	memberSweep: 15_000,
	/** How long a socket may stay without saying who is on it. */
	unknown: 10_000,
	/** How long after the end of its token a socket is closed: as far as clocks may differ. */
	leeway: 30_000,
	/** How long a ticket for a socket counts, once. */
	ticket: 60_000,
	/** From a call to its deadline, where the caller does not say. */
	call: 30_000,
	/** The longest that a call may wait for its reply. */
	callMost: 86_400_000,
	/** How long the result of a call is kept. */
	callKept: 86_400_000,
	/** Between two comments on an event stream, so that nobody on the way takes it for dead. */
	streamComment: 15_000,
	/** The longest that one event stream stands; its reader comes back, and goes on where it was. */
	streamMost: 3_600_000,
	/** When the reader of an event stream that ended comes back, ± 50 %. */
	streamRetry: 2_000,
	/** The longest `?wait=` of a long-poll: below the idle time after which common proxies give up. */
	waitMost: 30_000,
	/** How long raw TCP waits for a client to speak first before it greets. */
	tcpGreeting: 200,
	/** How long raw TCP, or HTTP where a body is not wanted, waits for more to drop: a reset would lose the last word. */
	tcpDrain: 1_000,
	/** How long a client of raw TCP waits for the end of a line that has begun: many a greeting has none. */
	tcpLine: 200,
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
