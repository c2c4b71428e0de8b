import type { Member, MemberEvent } from "../presence.ts";
import { accept, type Decoded, readNamed, refuse } from "./decoded.ts";
import type { Fields } from "./fields.ts";

/** Reads `enter`, `update` and `leave`. */
export function decodePresence(value: Fields): Decoded {
	return readNamed(value, "ch", "channel", (ref, channel) => {
		const { data } = value;
		if (value.t === "leave") return accept({ type: "leave", ref, channel });
		if (value.t === "enter") return accept({ type: "enter", ref, channel, data: data ?? null });
		if (data === undefined)
			return refuse(ref, "bad_request", "update.data is missing; null is a value, absence is not.");
		return accept({ type: "update", ref, channel, data });
	});
}

/** Writes a member; `data` is its JSON text. */
export function encodeMember({ from, client, ts }: Omit<Member, "data">, data: string): string {
	return `{"from":${JSON.stringify(from)},"client":"${client}","ts":${ts},"data":${data}}`;
}

/** Writes what became of a member. */
export function encodeMemberEvent(event: MemberEvent["event"], member: Omit<Member, "data">, data: string): string {
	return `{"event":"${event}",${encodeMember(member, data).slice(1)}`;
}

/** Writes a part of all members; `body` is their texts, joined by commas. */
export function encodeMemberSnapshot(channel: string, body: string, to: string, more: boolean): string {
	return `{"t":"pres","ch":"${channel}","snapshot":true,${more ? '"more":true,' : ""}"e":[${body}],"to":"${to}"}`;
}

/** Writes what changed among the members; `body` is the texts of the events, joined by commas. */
export function encodeMemberEvents(channel: string, after: string, body: string, to: string): string {
	return `{"t":"pres","ch":"${channel}","after":"${after}","e":[${body}],"to":"${to}"}`;
}

/** Writes how many members and subscriptions there are. */
export function encodeOccupancy(channel: string, members: number, subscribers: number): string {
	return `{"t":"pres","ch":"${channel}","members":${members},"subscribers":${subscribers}}`;
}
