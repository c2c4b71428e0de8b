/**
 * What the compiler takes and refuses under a contract. Nothing here runs: each line below a `@ts-expect-error` must be an
 * error, and each type that is inferred is looked at, so that none of them is `any`.
 */
import * as v from "valibot";
import { z } from "zod";
import {
	type ChannelInput,
	type ChannelOutput,
	defineContract,
	type RecordInput,
	type RecordOutput,
	type ServiceInput,
	type ServiceOutput,
	type ServiceReply,
	type ServiceRequest,
} from "../../sdk/contract.ts";
import type { Aerogram, Json, JsonObject } from "../../sdk/index.ts";

const contract = defineContract({
	channels: {
		chat: z.object({ text: z.string(), mood: z.enum(["calm", "loud"]).default("calm") }),
		"chat:*": z.object({ room: z.string() }),
		"chat:*:log": v.object({ line: v.number() }),
		"chat:vip:**": v.object({ vip: v.literal(true) }),
		"news:**": z.array(z.string()),
	},
	collections: {
		carts: v.object({ item: v.string(), count: v.optional(v.number(), 1) }),
		"user:*": z.object({ name: z.string(), age: z.number().optional() }),
	},
	services: {
		resize: {
			input: z.object({ width: z.number(), fit: z.enum(["cover", "contain"]).default("cover") }),
			output: v.object({ url: v.string() }),
		},
		count: { output: z.number() },
	},
});
type Defined = typeof contract;

/** Holds only for two types that are the same, `any` being the same as nothing else. */
type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
type IsAny<Type> = 0 extends 1 & Type ? true : false;
declare function same<One, Other>(holds: Same<One, Other>): void;
declare function neverAny<Type>(holds: IsAny<Type> extends true ? never : true): void;
declare const client: Aerogram<Defined>;
declare const plain: Aerogram;

const space = client.space("team-42");
const chat = space.channel("chat");
const carts = space.collection("carts");

type Chat = { text: string; mood: "calm" | "loud" };
type Room = { room: string };

// What is read and what is written: defaults are there for who reads, and need not be for who writes.
same<ChannelOutput<Defined, "chat">, Chat>(true);
same<ChannelInput<Defined, "chat">, { text: string; mood?: "calm" | "loud" | undefined }>(true);
same<RecordOutput<Defined, "carts">["count"], number>(true);
same<RecordInput<Defined, "carts">["count"], number | undefined>(true);
same<ServiceInput<Defined, "resize">["fit"], "cover" | "contain" | undefined>(true);
same<ServiceRequest<Defined, "resize">["fit"], "cover" | "contain">(true);
same<ServiceReply<Defined, "resize">, { url: string }>(true);
same<ServiceOutput<Defined, "resize">, { url: string }>(true);
same<ServiceInput<Defined, "count">, Json>(true);
same<ServiceOutput<Defined, "count">, number>(true);
same<ServiceOutput<Defined, "unknown">, Json>(true);

// The most specific pattern decides, as on the server.
same<ChannelOutput<Defined, "chat:1">, Room>(true);
same<ChannelOutput<Defined, `chat:${string}`>, Room>(true);
same<ChannelOutput<Defined, "chat:1:log">, { line: number }>(true);
same<ChannelOutput<Defined, "chat:vip:log">, { vip: true }>(true);
same<ChannelOutput<Defined, "chat:vip:a:b">, { vip: true }>(true);
same<ChannelOutput<Defined, "chat:vip">, Room>(true);
same<ChannelOutput<Defined, "news:a:b">, string[]>(true);
same<ChannelOutput<Defined, "news">, Json>(true);
same<ChannelOutput<Defined, "chat:1:other">, Json>(true);
same<ChannelOutput<Defined, string>, Json>(true);
same<RecordOutput<Defined, "other">["x"], Json>(true);

// Nothing that is inferred is any.
neverAny<ChannelInput<Defined, "chat">>(true);
neverAny<ChannelOutput<Defined, "chat">["text"]>(true);
neverAny<ChannelOutput<Defined, "chat:1">>(true);
neverAny<ChannelOutput<Defined, "chat:1:log">["line"]>(true);
neverAny<ChannelOutput<Defined, "news:a">[number]>(true);
neverAny<ChannelOutput<Defined, "unknown">>(true);
neverAny<RecordInput<Defined, "carts">>(true);
neverAny<RecordOutput<Defined, "carts">["item"]>(true);
neverAny<RecordOutput<Defined, "user:1">["age"]>(true);
neverAny<RecordOutput<Defined, "unknown">>(true);
neverAny<ServiceInput<Defined, "resize">>(true);
neverAny<ServiceRequest<Defined, "resize">>(true);
neverAny<ServiceReply<Defined, "resize">>(true);
neverAny<ServiceOutput<Defined, "resize">["url"]>(true);
neverAny<ServiceOutput<Defined, "unknown">>(true);
neverAny<Parameters<typeof chat.publish>[0]>(true);
neverAny<Awaited<ReturnType<typeof carts.get>>>(true);
neverAny<Awaited<ReturnType<typeof carts.list>>["records"][number]["data"]>(true);
// @ts-expect-error the check itself: any is any
neverAny<ReturnType<typeof JSON.parse>>(true);
// @ts-expect-error the check itself: these are two types
same<Chat, Room>(true);

/** What a program writes. Never called. */
export async function program(room: string): Promise<void> {
	await chat.publish({ text: "hello" });
	await chat.publish({ text: "hello", mood: "loud" });
	// @ts-expect-error text is missing
	await chat.publish({ mood: "loud" });
	// @ts-expect-error text is a text
	await chat.publish({ text: 1 });
	// @ts-expect-error there is no such mood
	await chat.publish({ text: "hello", mood: "angry" });
	// @ts-expect-error there is no such member
	await chat.publish({ text: "hello", txet: "hello" });
	// @ts-expect-error a message is needed
	await chat.publish();
	// @ts-expect-error it is an object
	await chat.publish("hello");
	// @ts-expect-error not null
	await chat.publish(null);

	for await (const message of chat.subscribe()) {
		same<typeof message.data, Chat>(true);
		// @ts-expect-error there is no such member
		message.data.txet;
		// @ts-expect-error the mood is a text
		message.data.mood.toFixed();
		// @ts-expect-error a message is not to be changed
		message.seq = 1;
	}
	chat.subscribe(({ data }) => {
		same<typeof data, Chat>(true);
		// @ts-expect-error text is a text
		const count: number = data.text;
		return void count;
	});
	const page = await chat.history();
	same<NonNullable<(typeof page.messages)[number]>["data"], Chat>(true);
	for await (const message of chat.messages()) {
		// @ts-expect-error there is no room in it
		message.data.room;
	}

	const one = space.channel(`chat:${room}`);
	await one.publish({ room });
	// @ts-expect-error this is the other contract
	await one.publish({ text: "hello" });
	await space.channel("chat:vip:a").publish({ vip: true });
	// @ts-expect-error it is always true
	await space.channel("chat:vip:a").publish({ vip: false });
	await space.channel("news:a:b").publish(["a"]);
	// @ts-expect-error a list of texts
	await space.channel("news:a:b").publish([1]);
	// @ts-expect-error a list
	await space.channel("news:a:b").publish("a");

	const cart = await carts.put("c1", { item: "plane" });
	same<typeof cart.data, { item: string; count: number }>(true);
	// @ts-expect-error the item is missing
	await carts.put("c1", { count: 1 });
	// @ts-expect-error the count is a number
	await carts.put("c1", { item: "plane", count: "2" });
	// @ts-expect-error there is no such member
	await carts.create({ item: "plane", itme: "plane" });
	// @ts-expect-error the item is a text
	await carts.patch("c1", { item: 1 });
	await carts.patch("c1", { count: 2 });
	// @ts-expect-error a record may be absent
	(await carts.get("c1")).data;
	for await (const record of carts.records()) {
		// @ts-expect-error there is no such member
		record.data.name;
	}
	const user = await space.collection("user:1").get("a");
	// @ts-expect-error the age may be absent
	user?.data.age.toFixed();
	// @ts-expect-error the name is a text
	const name: number | undefined = user?.data.name;

	// What no contract speaks of may be anything that JSON carries, and may be named.
	await space.channel("other").publish({ anything: [1, null] });
	await space.channel<Room>("other").publish({ room });
	await space.channel<string>("other").publish("text");
	// @ts-expect-error it was said to be a text
	await space.channel<string>("other").publish(1);
	// @ts-expect-error a function is nothing that JSON carries
	await space.channel("other").publish(() => 1);
	await space.collection<Chat>("other").put("a", { text: "a", mood: "calm" });
	// @ts-expect-error it was said what it holds
	await space.collection<Chat>("other").put("a", { text: "a" });
	// @ts-expect-error a record is an object
	space.collection<string>("other");
	// @ts-expect-error a name is a text
	space.channel(1);

	const small = await space.call("resize", { width: 1 });
	same<typeof small, { url: string }>(true);
	// @ts-expect-error the width is missing
	await space.call("resize", {});
	// @ts-expect-error the width is a number
	await space.call("resize", { width: "1" });
	space.serve("resize", ({ width }, { signal }) => {
		same<typeof width, number>(true);
		return { url: `${width} ${signal.aborted}` };
	});
	// @ts-expect-error the url is a text
	space.serve("resize", () => ({ url: 1 }));
	// @ts-expect-error there is no height in it
	space.serve("resize", ({ height }) => ({ url: height }));

	// Without a contract everything is as it was.
	const out = await plain.space("a").call<Chat>("anything", { any: 1 });
	same<typeof out, Chat>(true);
	const loose = plain.space("a").channel("chat");
	await loose.publish(1);
	const held = await plain.space("a").collection("carts").get("a");
	same<typeof held, Awaited<ReturnType<ReturnType<typeof jsonCollection>["get"]>>>(true);
	await plain.space("a").channel<Chat>("chat").publish({ text: "a", mood: "calm" });
	return void name;
}

function jsonCollection() {
	return plain.space("a").collection<JsonObject>("carts");
}

// @ts-expect-error a contract holds schemas
defineContract({ channels: { chat: { text: "string" } } });
// @ts-expect-error a contract has no such section
defineContract({ channel: {} });
// @ts-expect-error a service has an input and an output
defineContract({ services: { resize: z.string() } });

const services = {} as { -readonly [Name in keyof Defined["services"]]: ServiceInput<Defined, Name> };
services.resize = { width: 1 };
// @ts-expect-error the width is missing
services.resize = {};
// @ts-expect-error there is no such service
services.shrink = {};
// @ts-expect-error the width is a number
export const input: ServiceInput<Defined, "resize"> = { width: "1" };
// @ts-expect-error the url is a text
export const reply: ServiceReply<Defined, "resize"> = { url: 1 };
