import config from "../aerogram.config.ts";

/** What greets whoever connects, by a socket or by raw TCP: one line. */
export const greeting = config.greeting ?? "Welcome to Aerogram";
