import { expect, test } from "vitest";
import { quotas } from "../../../protocol/limits.ts";
import { Pollers } from "../../../worker/space/parts/sockets/pollers.ts";
import { Session } from "../../../worker/space/parts/sockets/session.ts";

function makeSession(): Session {
	const socket = { send() {}, close() {}, serializeAttachment() {}, deserializeAttachment: () => null };
	const identity = { principal: "anonymous", client: "me", connection: "c", held: true as const };
	const kept = { channels: [], members: [], occupancy: [], watches: [], heard: 0, spoke: false };
	return new Session(socket, identity, { wantsToSend() {}, closed() {} }, kept);
}

test("the poller that began last is the last, and gets what the one before had open", () => {
	const pollers = new Pollers(quotas.socketsPerSpace);
	const [one, two, late] = [makeSession(), makeSession(), makeSession()];
	expect(pollers.begin("me", "first")).toEqual([]);
	pollers.add("me", "first", one);
	pollers.add("me", "first", two);
	pollers.remove("me", one);
	expect(pollers.isLast("me", "first")).toBe(true);
	expect(pollers.begin("me", "second")).toEqual([two]);
	expect([pollers.isLast("me", "first"), pollers.isLast("me", "second")]).toEqual([false, true]);
	// What still comes of the first one belongs to nobody.
	pollers.add("me", "first", late);
	expect(pollers.end("me")).toEqual([]);
});

test("who comes first after everything was forgotten is the last", () => {
	const pollers = new Pollers(quotas.socketsPerSpace);
	expect(pollers.isLast("me", "first")).toBe(true);
	pollers.add("me", "first", makeSession());
	expect(pollers.isLast("me", "second")).toBe(false);
});

test("clients that polled once are forgotten, the oldest first, but for those that have something open", () => {
	const pollers = new Pollers(quotas.socketsPerSpace);
	pollers.add("open", "a", makeSession());
	for (let index = 0; index < quotas.socketsPerSpace; index++) pollers.begin(`client-${index}`, "a");
	expect(pollers.isLast("open", "b")).toBe(false);
	expect(pollers.isLast("client-0", "b")).toBe(true);
	expect(pollers.isLast("client-1", "b")).toBe(false);
});
