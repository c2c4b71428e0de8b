import { isLoopback } from "./address.ts";
import { readArguments, readPort } from "./arguments.ts";
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
	readonly https: boolean;
	readonly json: boolean;
	/** Every request is logged, and not only those that fail in the server. */
	readonly logRequests: boolean;
	readonly unsafeOpen: boolean;
	/** Nobody is let in without a key or token. */
	readonly closed: boolean;
	/** A built Worker to serve, without building or watching. */
	readonly bundle?: string;
}

/** What `--help` prints. */
export const devHelp = `aerogram dev: the whole exchange on this machine, with no account.

  npm run dev -- [options]

  --host HOST     listen on this address (127.0.0.1); beyond loopback only with --closed or --unsafe-open
  --port PORT     HTTP and WebSocket (8787); 0 = any free port
  --tcp PORT      raw TCP (9999); 0 = any free port, off = none
  --data FOLDER   where everything is stored (.aerogram), relative to the working folder
  --https         serve HTTP and WebSocket by TLS, for localhost, 127.0.0.1 and ::1; raw TCP stays as it is. The
                  certificate comes from an authority that the data folder keeps: trust its https/ca.pem once
  --json          print one line {"url","tcp","data"} on stdout, with "ca" by --https; everything else on stderr
  --log           tell of each request, not only of those that fail in the server: on stderr, by --json in JSON
  --closed        let nobody in without a key of AEROGRAM_KEYS or a token, as a deployed server does
  --unsafe-open   let anyone who can reach the address read and write everything
  --bundle FILE   serve this built Worker (dist/worker/index.js): no build, no watching of the sources
  --help          this text

  Examples:
    npm run dev                                        on the usual ports, 8787 and 9999
    npm run dev -- --port 0 --tcp off --data /tmp/try  on any free port, with data of its own
    npm run dev -- --https                             https://localhost:8787
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
		port: readPort("--port", values.port),
		tcp: values.tcp === "off" ? null : readPort("--tcp", values.tcp, ", or off"),
		data: values.data,
		https: values.https,
		json: values.json,
		logRequests: values.log,
		unsafeOpen: values["unsafe-open"],
		closed: values.closed,
		...(values.bundle === undefined ? {} : { bundle: values.bundle }),
	};
	for (const name of ["host", "data", "bundle"] as const) {
		if (options[name] === "") throw new UsageError(`--${name} needs a value.`);
	}
	if (options.closed && options.unsafeOpen) throw new UsageError("--closed and --unsafe-open cannot both hold.");
	if (!isLoopback(options.host) && !options.unsafeOpen && !options.closed) {
		throw new UsageError(
			`--host ${options.host} would let others read and write everything: add --closed, which asks for a key or token, or --unsafe-open if that is what you want.`,
		);
	}
	if (options.port !== 0 && options.port === options.tcp) {
		throw new UsageError(`--port and --tcp are both ${options.port}: each needs a port of its own.`);
	}
	return options;
}

function parseValues(args: readonly string[]) {
	const hint = "--help lists the options";
	const { values, positionals } = readArguments(
		args,
		{
			host: { type: "string", default: "127.0.0.1" },
			port: { type: "string", default: "8787" },
			tcp: { type: "string", default: "9999" },
			data: { type: "string", default: ".aerogram" },
			https: { type: "boolean", default: false },
			json: { type: "boolean", default: false },
			log: { type: "boolean", default: false },
			closed: { type: "boolean", default: false },
			"unsafe-open": { type: "boolean", default: false },
			bundle: { type: "string" },
		},
		hint,
	);
	if (positionals[0] !== undefined) throw new UsageError(`Unexpected argument '${positionals[0]}'; ${hint}.`);
	return values;
}
