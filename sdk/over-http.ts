/** What speaks HTTP: a file of its own in every build, which a program loads when it makes its first request. */
export { sendRequest } from "./http/attempts.ts";
export { readMessages, readPage } from "./http/history.ts";
export { takeLock } from "./http/lock.ts";
export { sendTransaction } from "./http/transaction.ts";
export { httpTransports } from "./transports/http.ts";
