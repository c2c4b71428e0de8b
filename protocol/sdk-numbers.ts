/* What the SDK goes by. Its options may give the first four another value. */

// Each is a constant of its own, because a bundler puts those where they are used, and leaves no table in a page.

/** How often a request is sent again when nothing answered, or the answer says to come back. */
export const retries = 2;

/** Publishes of one space that may be on their way at once, at most what the server allows. */
export const inFlight = 64;

/** Publishes of one space that may wait for their answer, those in flight included. */
export const queueMessages = 10_000;

/** UTF-8 bytes of data that those may hold together. */
export const queueBytes = 16_777_216;

/** Characters on the wire of the ephemeral messages that wait for a slow application: as much as a window. More are dropped. */
export const ephemeralLength = 262_144;

/** Values from one raw TCP connection that wait for the application. Then the server is made to wait. */
export const tcpArrivals = 1_000;

/** Characters (UTF-16 code units) that a reply tells of what a handler threw: however they are written, they fit one. */
export const failureLength = 2_000;

/** So long before its end a token is renewed, or when a fifth of its life is left: a slow answer must not cost the connection. */
export const renewSeconds = 60;
