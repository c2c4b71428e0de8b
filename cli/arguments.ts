import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { readName } from "../protocol/names.ts";
import { UsageError } from "./usage-error.ts";

/** Where the commands go when neither `--to` nor `AEROGRAM_URL` says: what `aerogram dev` serves. */
const nearby = "http://127.0.0.1:8787";

/** What a command line holds, by the options it may have. */
type Parsed<Options extends ParseArgsOptionsConfig> = ReturnType<
	typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true }>
>;

/**
 * Reads a command line. `hint` ends the sentence about what is wrong with it: which help to read.
 *
 * @throws UsageError when an option is unknown, lacks its value or has one that it does not take.
 */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
	args: readonly string[],
	options: Options,
	hint: string,
): Parsed<Options> {
	try {
		return parseArgs({ args: [...args], options, allowPositionals: true });
	} catch (error) {
		if (!(error instanceof TypeError)) throw error;
		// Node's own text goes on over several sentences and lines; its first sentence says what is wrong.
		const [first = ""] = error.message.split(/\.?\n|\.\s|\.$/);
		throw new UsageError(`${first}; ${hint}.`);
	}
}

/** Which help a command's wrong usage points to. */
export function helpHint(command: string): string {
	return `see aerogram help ${command}`;
}

/**
 * Checks the places of a command: at least and at most so many arguments that are no option.
 *
 * @throws UsageError
 */
export function expectCount(
	command: string,
	given: readonly string[],
	least: number,
	most: number,
	what: string,
): void {
	if (given.length < least) throw new UsageError(`Give ${what}; ${helpHint(command)}.`);
	const extra = given[most];
	if (extra !== undefined) throw new UsageError(`Unexpected argument '${extra}'; ${helpHint(command)}.`);
}

/**
 * Reads a place such as `default/chat`: names joined by slashes, one for each word of `shape`.
 *
 * @throws UsageError
 */
export function readPlace(command: string, text: string, shape: readonly string[]): readonly string[] {
	const parts = text.split("/");
	if (parts.length !== shape.length) {
		const wanted = shape.map((word) => `<${word}>`).join("/");
		throw new UsageError(`${text} is no place: write ${wanted}; ${helpHint(command)}.`);
	}
	return parts.map((part, index) => {
		const name = readName(part, shape[index] ?? "");
		if (!name.ok) throw new UsageError(`${name.fault.message} (${text}); ${helpHint(command)}.`);
		return name.value;
	});
}

/** A server to speak to, and as whom. */
export interface ServerAddress {
	readonly url: string;
	/** What is shown to it: a token, or a key as `<id>.<secret>`. */
	readonly token?: string | undefined;
}

/** The options of a command that speaks to a server. */
export const serverOptions = { to: { type: "string" }, token: { type: "string" } } as const;

/**
 * The server to speak to: what `--to` says, else `AEROGRAM_URL`, else the one of `aerogram dev`; with what `--token` says, else
 * `AEROGRAM_TOKEN`.
 *
 * @throws UsageError when it is no URL of HTTP.
 */
export function readServer(
	command: string,
	{ to, token }: { readonly to?: string | undefined; readonly token?: string | undefined },
): ServerAddress {
	const { AEROGRAM_URL: fromEnvironment, AEROGRAM_TOKEN: environmentToken } = process.env;
	const text = to ?? (fromEnvironment || nearby);
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url?.protocol === "http:" || url?.protocol === "https:") {
		return { url: text, token: token ?? (environmentToken || undefined) };
	}
	const source = to === undefined ? "AEROGRAM_URL" : "--to";
	throw new UsageError(`${source} ${text} is no URL such as https://edge.example.com; ${helpHint(command)}.`);
}

/**
 * Reads a whole number that an option was given.
 *
 * @throws UsageError when it is none, or below `least`.
 */
export function readWhole(command: string, flag: string, text: string, least: number): number {
	const number = Number(text);
	if (/^\d{1,15}$/.test(text) && number >= least) return number;
	throw new UsageError(`${flag} ${text} is not a whole number of at least ${least}; ${helpHint(command)}.`);
}

/**
 * Reads a port.
 *
 * @throws UsageError
 */
export function readPort(flag: string, text: string, orElse = ""): number {
	const port = Number(text);
	if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
	throw new UsageError(`${flag} ${text} is not a port: give a number from 0 (any) to 65535${orElse}.`);
}
