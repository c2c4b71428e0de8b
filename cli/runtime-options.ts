import type { MiniflareOptions } from "miniflare";

/** Must equal `compatibility_date` and `compatibility_flags` of wrangler.toml: the same runtime here as deployed. */
export const compatibility = { date: "2026-11-17", flags: ["no_web_socket_compression"] } as const;

/** What the runtime is started with. */
export interface RuntimeSettings {
	/** The built Worker: one ES module. */
	readonly worker: string;
	readonly host: string;
	readonly port: number;
	readonly tcp: number | null;
	/** The address of raw TCP, where it is another than that of HTTP. */
	readonly tcpHost?: string;
	/** The absolute path of the data folder. */
	readonly data: string;
	/** The Worker's `AEROGRAM_DEV`: "1" answers loopback hosts only, "unsafe-open" any; without it, nobody. */
	readonly mode?: "1" | "unsafe-open";
	/** The Worker's `AEROGRAM_KEYS`: the keys of servers. */
	readonly keys?: string;
	/** The Worker's `AEROGRAM_LOG`: "failures" logs of its requests those that failed in it; without it, each. */
	readonly log?: "failures";
	/** The Worker's `AEROGRAM_DURATION_SCALE`, for tests. */
	readonly durationScale?: string;
}

/** The name of the Worker, which also names its data inside the data folder: a new name would be an empty start. */
const name = "aerogram";

/** Miniflare's options for these settings: nothing but the Worker, its two Durable Objects and its two listeners. */
export function runtimeOptions(settings: RuntimeSettings): MiniflareOptions {
	const { tcp, tcpHost = settings.host } = settings;
	const variables = {
		AEROGRAM_DEV: settings.mode,
		AEROGRAM_KEYS: settings.keys,
		AEROGRAM_LOG: settings.log,
		AEROGRAM_DURATION_SCALE: settings.durationScale,
	};
	return {
		// Miniflare's own door stays on loopback, on any port: through it every socket would be compressed, whatever the
		// Worker's flags say, and every request would pass one more Worker. The direct socket below is the real one.
		host: "127.0.0.1",
		port: 0,
		// What follows would fetch a file from the network, report usage and tell other programs about this one.
		cf: false,
		telemetry: { enabled: false },
		enableDevRegistry: false,
		logRequests: false,
		resourcePersistencePath: settings.data,
		workers: [
			{
				dev: { unsafeDirectSockets: [{ host: settings.host, port: settings.port }] },
				config: {
					name,
					compatibilityDate: compatibility.date,
					compatibilityFlags: [...compatibility.flags],
					manifest: {
						mainModule: "index.js",
						modules: { "index.js": { type: "esm", contents: settings.worker } },
					},
					exports: {
						Space: { type: "durable-object", storage: "sqlite" },
						Directory: { type: "durable-object", storage: "sqlite" },
					},
					env: {
						SPACES: { type: "durable-object", worker: name, exportName: "Space" },
						DIRECTORY: { type: "durable-object", worker: name, exportName: "Directory" },
						...textBindings(variables),
					},
					...(tcp === null
						? {}
						: {
								triggers: [{ type: "connect" as const, protocol: "tcp" as const, port: tcp, address: tcpHost }],
							}),
				},
			},
		],
	};
}

function textBindings(variables: Readonly<Record<string, string | undefined>>) {
	const given = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
	return Object.fromEntries(given.map(([name, value]) => [name, { type: "text" as const, value }]));
}
