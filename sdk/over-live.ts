/** Presence, watches, calls and ephemeral publishes: a file of its own in every build, which a program loads when it first uses one of them. */
export { Live } from "./live/live.ts";
