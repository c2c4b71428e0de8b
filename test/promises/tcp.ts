import type { Message } from "../../sdk/index.ts";
import { ensure, equal, eventually, range, rejection } from "./check.ts";
import type { Feature } from "./promise.ts";

/** What the promises use of a connection of `aerogram/node`, said here: the browser's tests have no types of Node. */
export interface TcpTalk {
	greeting(): Promise<string | undefined>;
	send(value: unknown): Promise<void>;
	receive(): Promise<unknown>;
	exchange(value: unknown): Promise<unknown>;
}

/** What a promise of raw TCP is tried with. */
export interface TcpStage {
	/** A new connection, closed when the promise has been tried. */
	connect(options?: { readonly format?: "json" | "xml" | "packet" }): Promise<TcpTalk>;
	/** What was stored since the promise began, in order. */
	stored(): Promise<readonly Message[]>;
	/** Calls back for what somebody sees who is subscribed over a WebSocket. Resolves when that subscription stands. */
	watch(seen: (message: Message) => void): Promise<void>;
	/** Whether an error is a refusal with that code. */
	isRefusal(error: unknown, code: string): boolean;
}

/** One promise of raw TCP: it rejects when it is not kept. */
export interface TcpPromised {
	readonly name: string;
	readonly needs: readonly Feature[];
	keep(stage: TcpStage): Promise<void>;
}

const text = (message: Message | undefined) => (message?.data as { readonly message?: unknown } | undefined)?.message;

/** What raw TCP promises: exchanges, and nothing else. */
export const tcpPromises: readonly TcpPromised[] = [
	{
		name: "who stays silent is greeted with one line, and who speaks first gets the answer to what it said",
		needs: ["publish"],
		async keep({ connect }) {
			const silent = await connect();
			equal(await silent.greeting(), "Welcome to Aerogram! 欢迎!");
			const speaking = await connect();
			await speaking.send({ name: "小飞机", message: "first" });
			equal(await speaking.greeting(), undefined);
			equal((await speaking.receive()) !== undefined, true);
		},
	},
	{
		name: "an exchange is answered with success once it is stored, with its name and message, from tcp",
		needs: ["publish"],
		async keep({ connect, stored }) {
			const connection = await connect();
			const answer = await connection.exchange({ name: "小飞机", message: "你好,服务器!" });
			equal(answer, { status: "success", message: "Hello, 小飞机! Your message is stored." });
			const [message] = await stored();
			equal([message?.from, message?.data], ["tcp", { name: "小飞机", message: "你好,服务器!" }]);
		},
	},
	{
		name: "exchanges are answered and stored once each, in the order in which they were sent, in every format",
		needs: ["publish"],
		async keep({ connect, stored }) {
			for (const format of ["json", "xml", "packet"] as const) {
				const connection = await connect({ format });
				const before = (await stored()).length;
				const sent = range(1, 200).map((number) => `${format} ${number}`);
				const answers = await Promise.all(sent.map((message) => connection.exchange({ name: format, message })));
				equal(new Set(answers.map((answer) => (answer as { status?: unknown }).status)).size, 1);
				equal((await stored()).slice(before).map(text), sent);
			}
		},
	},
	{
		name: "a list of exchanges is stored all or none",
		needs: ["publish"],
		async keep({ connect, stored, isRefusal }) {
			const connection = await connect();
			const exchange = (message: string) => ({ name: "list", message });
			await connection.exchange([exchange("1"), exchange("2")]);
			const error = await rejection(connection.exchange([exchange("3"), { name: "list" }]));
			ensure(isRefusal(error, "bad_request"), `bad_request, got ${String(error)}`);
			equal((await stored()).map(text), ["1", "2"]);
		},
	},
	{
		name: "what is refused is refused with its code, and what comes next is answered",
		needs: ["publish"],
		async keep({ connect, isRefusal }) {
			const connection = await connect();
			const error = await rejection(connection.exchange({ name: "nobody" }));
			ensure(isRefusal(error, "bad_request"), `bad_request, got ${String(error)}`);
			equal(((await connection.exchange({ name: "a", message: "b" })) as { status?: unknown }).status, "success");
		},
	},
	{
		name: "an exchange is seen by whoever is subscribed over a WebSocket",
		needs: ["publish"],
		async keep({ connect, watch }) {
			const seen: unknown[] = [];
			await watch((message) => seen.push(text(message)));
			const connection = await connect();
			for (const number of range(1, 3)) await connection.exchange({ name: "a", message: `${number}` });
			await eventually(() => seen.length === 3, "three messages");
			equal(seen, ["1", "2", "3"]);
		},
	},
];
