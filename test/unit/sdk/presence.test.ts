import { describe, expect, test } from "vitest";
import type { ClientEnvelope, ServerEnvelope } from "../../../protocol/envelopes.ts";
import type { ErrorCode } from "../../../protocol/errors.ts";
import { durations } from "../../../protocol/limits.ts";
import { setUp, watch } from "./helpers/setup.ts";

/** A client of a server whose channel takes its one member, or refuses it with a code. */
function begin() {
	const bench = setUp();
	const { server } = bench;
	const channel = { refuses: undefined as ErrorCode | undefined, member: undefined as unknown };
	server.features = [...server.features, "presence"];
	server.hook = (envelope: ClientEnvelope): ServerEnvelope | undefined => {
		if (envelope.type !== "enter" && envelope.type !== "update" && envelope.type !== "leave") return undefined;
		const { type, ref } = envelope;
		const refuse = (code: ErrorCode): ServerEnvelope => ({ type: "error", ref, code, message: "No." });
		if (type === "leave") channel.member = undefined;
		else if (channel.refuses === "forbidden") return refuse("forbidden");
		else if (type === "update" && channel.member === undefined) return refuse("not_found");
		else if (channel.refuses) return refuse(channel.refuses);
		else channel.member = envelope.data;
		return { type: "done", ref };
	};
	const said = () => server.received.flatMap(({ type }) => (["enter", "update"].includes(type) ? type : []));
	return { ...bench, presence: bench.channel.presence, channelHere: channel, said };
}

describe("a client", () => {
	test.each(["channel_full", "forbidden"] as const)(
		"that was told twice in one go that it may not enter (%s) wants nothing more: its connection ends for want of use",
		async (code) => {
			const { clock, server, channel, presence, channelHere, said, states } = begin();
			channelHere.refuses = code;
			watch(channel.publish("connects"));
			await clock.advance(100);
			const [first, second] = [watch(presence.enter(1)), watch(presence.enter(2))];
			await clock.advance(1_000);
			expect([first, second]).toMatchObject([{ error: { code } }, { error: { code } }]);
			const asked = said().length;
			channelHere.refuses = undefined;
			server.cut();
			await clock.advance(durations.backoffCap);
			await clock.advance(2 * durations.linger);
			expect(said()).toHaveLength(asked);
			expect(channelHere.member).toBeUndefined();
			expect([states.at(-1), server.sockets.size]).toEqual(["idle", 0]);
		},
	);

	test("whose membership the server has ended enters again when it is asked to, on the same connection", async () => {
		const { clock, server, presence, channelHere } = begin();
		const entered = watch(presence.enter(1));
		await clock.advance(100);
		expect([entered.error, channelHere.member]).toEqual([undefined, 1]);
		channelHere.member = undefined;
		const [again, more] = [watch(presence.enter(2)), watch(presence.update(3))];
		await clock.advance(100);
		expect([again.error, more.error, channelHere.member, server.connects.length]).toEqual([undefined, undefined, 3, 1]);
	});

	test("that is refused an update stays the member that it is, and enters again after a reconnect", async () => {
		const { clock, server, presence, channelHere, said } = begin();
		const entered = watch(presence.enter(1));
		await clock.advance(100);
		channelHere.refuses = "storage_full";
		const update = watch(presence.update(2));
		await clock.advance(100);
		expect([entered.error, update.error]).toMatchObject([undefined, { code: "storage_full" }]);
		channelHere.refuses = undefined;
		server.cut();
		await clock.advance(durations.backoffCap);
		expect([said(), channelHere.member]).toEqual([["enter", "update", "enter"], 2]);
	});

	test("that left before it heard that its update came too late is no member again", async () => {
		const { clock, presence, channelHere, said } = begin();
		watch(presence.enter(1));
		await clock.advance(100);
		channelHere.member = undefined;
		const [update, left] = [watch(presence.update(2)), watch(presence.leave())];
		await clock.advance(100);
		expect([update, left.error]).toMatchObject([{ error: { code: "not_found" } }, undefined]);
		expect([said(), channelHere.member]).toEqual([["enter", "update"], undefined]);
	});
});
