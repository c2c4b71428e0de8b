import { watchPipeReader } from "./pipe-reader.ts";

let failed = false;

/**
 * Writes text to stdout; resolves when the system has it. That nobody reads it any more is no failure (`onReaderGone`);
 * whatever else keeps it from being written, such as a full disk, is told once, and the exit code will be 1.
 */
export function write(text: string): Promise<void> {
	return new Promise((resolve) => process.stdout.write(text, (error) => resolve(note(error))));
}

function note(error: NodeJS.ErrnoException | null | undefined): void {
	if (!error || error.code === "EPIPE" || failed) return;
	failed = true;
	process.exitCode = 1;
	tell(`What is to be printed cannot be written (${error.code ?? error.message}).`);
}

/** Writes one line of data to stdout, as `write` does. */
export function writeLine(line: string): Promise<void> {
	return write(`${line}\n`);
}

/** Says something that a person must know, on stderr. */
export function tell(line: string): void {
	process.stderr.write(`${line}\n`);
}

/** Says something that only helps a person who watches: nothing where stderr is no terminal. */
export function hint(line: string): void {
	if (process.stderr.isTTY) tell(line);
}

/** Calls `gone` once when nobody reads our output any more, as after `| head -1`, or it cannot be written. */
export function onReaderGone(gone: () => void): void {
	let told = false;
	const tellOnce = () => {
		if (!told) gone();
		told = true;
	};
	process.stdout.on("error", tellOnce);
	watchPipeReader(tellOnce);
}

/** A count that goes up on a terminal, in place. Shows nothing where stderr is none, or stdout shows the very things. */
export class Progress {
	readonly #word: string;
	#count = 0;
	#timer: NodeJS.Timeout | undefined;

	/** `word` says what is counted, after the number. */
	constructor(word: string) {
		this.#word = word;
		if (process.stderr.isTTY && !process.stdout.isTTY) this.#timer = setInterval(() => this.#show(), 100).unref();
	}

	/** One more. */
	add(): void {
		this.#count += 1;
	}

	/** Leaves the last count standing. */
	end(): void {
		if (!this.#timer) return;
		clearInterval(this.#timer);
		this.#show();
		process.stderr.write("\n");
	}

	#show(): void {
		process.stderr.write(`\r${this.#count} ${this.#word}`);
	}
}
