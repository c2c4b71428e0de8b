import { parseArgs } from "node:util";
import { isLoopback } from "./address.ts";
import { UsageError } from "./usage-error.ts";

/** What `aerogram dev` was asked for. */
export interface DevOptions {
	readonly host: string;
	/** 0 = any free port. */
	readonly port: number;
	/** The port of raw TCP; 0 = any free port, null = off. */
	readonly tcp: number | null;
	/** The data folder, as it was given: relative to the working folder. */
	readonly data: string;
	readonly json: boolean;
	readonly unsafeOpen: boolean;
	/** A built Worker to serve, without building or watching. */
	readonly bundle?: string;
	readonly help: boolean;
}

/** What `--help` prints. */
export const devHelp = `aerogram dev: the whole exchange on this machine, with no account.

  npm run dev -- [options]

  --host HOST     listen on this address (127.0.0.1); beyond loopback only with --unsafe-open
  --port PORT     HTTP and WebSocket (8787); 0 = any free port
  --tcp PORT      raw TCP (9999); 0 = any free port, off = none
  --data FOLDER   where everything is stored (.aerogram), relative to the working folder
  --json          print one line {"url","tcp","data"} on stdout, everything else on stderr
  --unsafe-open   let anyone who can reach the address read and write everything
  --bundle FILE   serve this built Worker (dist/worker/index.js): no build, no watching of the sources
  --help          this text
`;

/**
 * Reads the options of `aerogram dev`.
 *
 * @throws UsageError when an option is unknown, lacks its value or has one that cannot be.
 */
export function parseDevOptions(args: readonly string[]): DevOptions {
	const values = parseValues(args);
	const options = {
		host: values.host,
		port: parsePort("--port", values.port),
		tcp: values.tcp === "off" ? null : parsePort("--tcp", values.tcp),
		data: values.data,
		json: values.json,
		unsafeOpen: values["unsafe-open"],
		help: values.help,
		...(values.bundle === undefined ? {} : { bundle: values.bundle }),
	};
	for (const name of ["host", "data", "bundle"] as const) {
		if (options[name] === "") throw new UsageError(`--${name} needs a value.`);
	}
	if (!isLoopback(options.host) && !options.unsafeOpen) {
		throw new UsageError(
			`--host ${options.host} would let others read and write everything: add --unsafe-open if that is what you want.`,
		);
	}
	if (options.port !== 0 && options.port === options.tcp) {
		throw new UsageError(`--port and --tcp are both ${options.port}: each needs a port of its own.`);
	}
	return options;
}

function parseValues(args: readonly string[]) {
	try {
		const { values } = parseArgs({
			args: [...args],
			options: {
				host: { type: "string", default: "127.0.0.1" },
				port: { type: "string", default: "8787" },
				tcp: { type: "string", default: "9999" },
				data: { type: "string", default: ".aerogram" },
				json: { type: "boolean", default: false },
				"unsafe-open": { type: "boolean", default: false },
				bundle: { type: "string" },
				help: { type: "boolean", default: false },
			},
		});
		return values;
	} catch (error) {
		if (!(error instanceof TypeError)) throw error;
		// Node's own text goes on over several sentences and lines; its first sentence says what is wrong.
		const [first = ""] = error.message.split(/\.?\n|\.\s|\.$/);
		throw new UsageError(`${first}; --help lists the options.`);
	}
}

function parsePort(flag: string, text: string): number {
	const port = Number(text);
	if (!/^\d{1,5}$/.test(text) || port > 65_535) {
		const off = flag === "--tcp" ? ", or off" : "";
		throw new UsageError(`${flag} ${text} is not a port: give a number from 0 (any) to 65535${off}.`);
	}
	return port;
}
