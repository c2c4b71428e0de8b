/** What a token may be. */
export const tokenLimits = {
	/** Characters of a token: what it may do must fit in a header, and in what a socket keeps while its object sleeps. */
	length: 8_192,
	/** The longest that a token may live: what leaks is worth a day at most. */
	lifeSeconds: 86_400,
	/** How far clocks may differ: a token is taken so long after its end, and before its beginning. */
	leewaySeconds: 30,
	/** How long a minted token lives when its time is not said. */
	defaultSeconds: 3_600,
	/** Characters of a token's own id, `jti`. */
	idLength: 128,
	/** Characters of a principal: those that OpenID Connect gives a subject. */
	principalLength: 255,
} as const;

/** The keys of `AEROGRAM_KEYS`. */
export const keyLimits = {
	/** Characters of a key's id. */
	idLength: 64,
	/** Bits that its secret must have room for: as many as the digest of HS256 has (RFC 7518, section 3.2). */
	secretBits: 256,
} as const;

/** The public keys of issuers, which are fetched from a URL. */
export const issuerKeyLimits = {
	/** How long a fetch may take: whoever waits for it is a request. */
	fetchSeconds: 5,
	/** The least between two fetches: a token with an unknown key id, which anybody can make up, causes no more than that. */
	againSeconds: 30,
	/** So long keys are used without asking again. */
	freshSeconds: 600,
	/** So long they are used while they cannot be fetched: as long as the longest token lives. */
	staleSeconds: 86_400,
	/** The most that a key set may be. */
	setBytes: 262_144,
} as const;

/** What was revoked is refused over HTTP within `checkSeconds`, and its sockets are closed within `againSeconds`. */
export const revocationLimits = {
	/** How long the edge goes by what it last heard of revocations. */
	checkSeconds: 2,
	/** So long after a revocation spaces are told a second time: a socket may have been opened by an edge that had not heard. */
	againSeconds: 3,
	/**
	 * Spaces that one shard tells in one turn, all at once; the next turn goes on with the next. On Workers Free an invocation may make
	 * 50 subrequests (developers.cloudflare.com/workers/platform/limits).
	 */
	spacesAtOnce: 48,
	/** The longest between two tries to tell a space that could not be told. It is tried as long as the revocation counts. */
	retrySeconds: 600,
} as const;
