import { encodeGreeting, encodeServer } from "../../protocol/codec/serving.ts";
import { limits } from "../../protocol/limits.ts";
import { greeting } from "../greeting.ts";
import { quotas } from "../rules.ts";
import { features } from "./features.ts";

/** Every number that is enforced here. */
const told = { ...limits, ...quotas };

/** The first envelope of a socket; the second where it was not known at first who is on it. */
export function welcome(epoch: string, connection: string, ends: { readonly endsIn?: number }): string {
	return encodeServer({ type: "welcome", greeting, epoch, connection, limits: told, features, ...ends });
}

/** The first envelope of a socket of which nobody knows yet who is on it: nothing of the space. */
export function welcomeUnknown(): string {
	return encodeGreeting({ greeting, limits: told, features });
}
