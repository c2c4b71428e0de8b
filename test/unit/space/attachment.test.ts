import { serialize } from "node:v8";
import { expect, test } from "vitest";
import { tokenLimits } from "../../../protocol/auth-limits.ts";
import { type Capability, operations } from "../../../protocol/capabilities.ts";
import { limits } from "../../../protocol/limits.ts";
import { Rights } from "../../../worker/space/parts/rights/rights.ts";
import { Schema } from "../../../worker/space/parts/schema/schema.ts";
import { type Attachment, Session, unpackWatch } from "../../../worker/space/parts/sockets/session.ts";
import { MemorySql } from "./sqlite.ts";

/** What the platform holds for one socket. */
const most = 16_384;

test("a socket that has as much of everything as it may still fits what the platform keeps of it", () => {
	const name = (index: number) => `${index}`.padStart(limits.nameLength, "x");
	const times = <Value>(count: number, make: (index: number) => Value) =>
		Array.from({ length: count }, (_, i) => make(i));
	const identity = {
		client: "c".repeat(limits.clientLength),
		connection: crypto.randomUUID(),
		principal: "p".repeat(tokenLimits.principalLength),
		format: "msgpack",
	} as const;
	const kept = {
		channels: times(limits.channelsPerSocket, (index) => 1_000_000 + index),
		members: [],
		occupancy: [],
		heard: Date.now(),
		spoke: true,
		watches: times(limits.watchesPerSocket, (index) => ({ collection: 1_000_000 + index, prefix: name(index) })),
		serves: times(limits.servicesPerSocket, (index) => ({ service: name(index), concurrency: 100, lease: 86_400_000 })),
		holds: times(limits.serviceConcurrency, (index) => [10_000_000 + index, 8_191] as const),
		awaits: times(limits.callsAwaited, (index) => 10_000_000 + index),
	};
	const sizes: number[] = [];
	for (const count of [1, 5, 6, 7, 8, 9, limits.capabilities]) {
		const capabilities = times(
			count,
			(index): Capability => ({ allow: [operations[index % 11] ?? "read"], on: `**/*/c${index}` }),
		);
		const sql = new MemorySql();
		new Schema(sql, Date.now, Math.random);
		const rights = new Rights(sql);
		const authority = rights.keep({
			principal: identity.principal,
			capabilities,
			ends: Date.now(),
			issued: Date.now(),
			key: "k".repeat(64),
			token: "t".repeat(tokenLimits.idLength),
		});
		let attached: unknown;
		const socket = {
			send() {},
			close() {},
			deserializeAttachment: () => null,
			serializeAttachment: (attachment: unknown) => {
				attached = attachment;
			},
		};
		new Session(socket, identity, { wantsToSend() {}, closed() {} }, { ...kept, authority }).remember({});
		sizes.push(serialize(attached).length);
		const { watches = [] } = attached as Attachment;
		expect(watches.map(unpackWatch)).toEqual(kept.watches);
		expect(rights.of(authority).allows("publish", "s", "channels", "c0")).toBe(true);
	}
	console.log(`bytes of a full attachment, by its capabilities: ${sizes.join(", ")} of ${most}`);
	expect(Math.max(...sizes)).toBeLessThanOrEqual(most);
});

test("a socket that has more to keep than the platform keeps is closed, and whoever tells it to keep that goes on", () => {
	const sent: unknown[] = [];
	const closed: unknown[] = [];
	const socket = {
		send: (frame: unknown) => void sent.push(frame),
		close: (code?: number) => void closed.push(code),
		deserializeAttachment: () => null,
		serializeAttachment: (attachment: unknown) => {
			if (attachment) throw new Error("larger than 16384 bytes");
		},
	};
	const identity = { client: "c", connection: "1", principal: "p" };
	const kept = { channels: [], members: [], occupancy: [], watches: [], heard: 0, spoke: true };
	const gone: Session[] = [];
	const session = new Session(socket, identity, { wantsToSend() {}, closed: (which) => void gone.push(which) }, kept);
	session.write('{"t":"ok","ref":1}');
	session.remember({ holds: [[1, 1]] });
	session.remember({ holds: [[1, 1]] });
	expect(sent).toEqual([expect.stringMatching(/"t":"ok".*"t":"bye","code":"internal"/)]);
	expect([closed, gone]).toEqual([[1011], [session]]);
});
