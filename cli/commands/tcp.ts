import { durations } from "../../protocol/limits.ts";
import { Aerogram, AerogramError } from "../../sdk/index.ts";
import { isLoopback, listenAddress, reachableAddress } from "../address.ts";
import { expectCount, helpHint, readArguments, readPort, readServer, serverOptions } from "../arguments.ts";
import { openBridge } from "../bridge/bridge.ts";
import { storeByHttp } from "../bridge/store.ts";
import { explainUnreachable } from "../client.ts";
import { hint, writeLine } from "../output.ts";
import { explainListen } from "../ports.ts";
import { UnavailableError, UsageError } from "../usage-error.ts";

const command = "tcp";

/** What `aerogram help tcp` prints. */
export const help = `aerogram tcp: a raw TCP port of this machine, for a server elsewhere.

  aerogram tcp --to URL [options]

  --to URL        the server (AEROGRAM_URL, else http://127.0.0.1:8787)
  --token TOKEN   a token, or a key as <id>.<secret> (AEROGRAM_TOKEN)
  --port PORT     the port to listen on (9999); 0 = any free port
  --host HOST     listen on this address (127.0.0.1); beyond loopback only with --unsafe-open
  --unsafe-open   let anyone who can reach the address speak to the server through you

  Speaks what the raw TCP port of aerogram dev speaks: JSON, XML and packets, answered one by one. What is said goes
  to the server by HTTP and is stored there, in space default, channel exchange. Prints the address once it listens,
  and goes on until it is ended.

  Examples:
    aerogram tcp --to https://edge.example.com
    aerogram tcp --to https://edge.example.com --port 7000
`;

/** What the server says of itself. */
interface Service {
	readonly name?: unknown;
	readonly greeting?: unknown;
}

/** Runs `aerogram tcp`. */
export async function run(args: readonly string[]): Promise<"serving"> {
	const { values, positionals } = readArguments(
		args,
		{
			...serverOptions,
			port: { type: "string", default: "9999" },
			host: { type: "string", default: "127.0.0.1" },
			"unsafe-open": { type: "boolean", default: false },
		},
		helpHint(command),
	);
	expectCount(command, positionals, 0, 0, "options alone");
	const { url, token } = readServer(command, values);
	const port = readPort("--port", values.port);
	if (!isLoopback(values.host) && !values["unsafe-open"]) {
		throw new UsageError(
			`--host ${values.host} would let others speak through you: add --unsafe-open if you want that.`,
		);
	}
	const host = listenAddress(values.host);
	const { http } = new Aerogram(url, { token });
	const greeting = await readGreeting(http, url);
	const service = { greeting, greet: "auto" as const, wait: durations.tcpGreeting, drain: durations.tcpDrain };
	const listening = await openBridge({ host, port, service, makeStore: () => storeByHttp(http) }).catch((error) => {
		throw new UnavailableError(explainListen("--port", host, port, error));
	});
	const address = reachableAddress(host, listening);
	await writeLine(address);
	hint(`Raw TCP on ${address} goes to ${url}. Ctrl-C ends it.`);
	return "serving";
}

/** Asks the server what it greets with, and so whether it is there, and one of ours. */
async function readGreeting(http: Aerogram["http"], url: string): Promise<string> {
	try {
		const { data } = await http.get<Service | undefined>("/", { retries: 0 });
		if (data?.name === "aerogram" && typeof data.greeting === "string") return data.greeting;
	} catch (error) {
		throw explainUnreachable(url, error);
	}
	throw new AerogramError("network", `${url} is not an Aerogram server.`);
}
