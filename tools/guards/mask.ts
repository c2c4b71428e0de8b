/** Words after which a `/` opens a regular expression; after any other word it divides. */
const beforeRegex = new Set("return typeof case in of delete void throw new do else yield await instanceof".split(" "));

/**
 * TypeScript or JavaScript with everything that is not code blanked out: comments, the insides of strings, templates
 * and regular expressions become spaces. Length and line breaks stay, so that an offset means the same place in both
 * texts. A scanner and no parser: it decides whether a `/` divides by the token before it, which is right but for a
 * regular expression straight after `)`.
 */
export function maskCode(text: string): string {
	return new Scanner(text).run();
}

/** The line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
	let line = 1;
	for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
	return line;
}

class Scanner {
	readonly #text: string;
	readonly #out: string[];
	#at = 0;
	/** The last character of code that is not a space, and where the word it ends begins. */
	#previous = "";
	/** One entry for each open `${`: how many braces are open inside it. */
	readonly #templates: number[] = [];

	constructor(text: string) {
		this.#text = text;
		this.#out = text.split("");
	}

	run(): string {
		while (this.#at < this.#text.length) this.#step();
		return this.#out.join("");
	}

	#step(): void {
		const char = this.#text[this.#at] ?? "";
		const two = this.#text.slice(this.#at, this.#at + 2);
		if (two === "//") this.#blank(this.#until("\n", 0));
		else if (two === "/*") this.#blank(this.#until("*/", 2));
		else if (char === '"' || char === "'") this.#quoted(char);
		else if (char === "`") this.#template();
		else if (char === "/" && this.#opensRegex()) this.#regex();
		else this.#code(char);
	}

	#code(char: string): void {
		const open = this.#templates.length - 1;
		const depth = this.#templates[open];
		if (depth !== undefined && char === "{") this.#templates[open] = depth + 1;
		if (depth !== undefined && char === "}") {
			if (depth === 0) {
				this.#templates.pop();
				this.#template();
				return;
			}
			this.#templates[open] = depth - 1;
		}
		const word = /^[\w$]+/.exec(this.#text.slice(this.#at, this.#at + 64))?.[0];
		if (char.trim()) this.#previous = word ?? char;
		this.#at += word?.length ?? 1;
	}

	#quoted(quote: string): void {
		let end = this.#at + 1;
		while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== "\n") {
			end += this.#text[end] === "\\" ? 2 : 1;
		}
		this.#at++;
		this.#blank(end);
		this.#at++;
		this.#previous = quote;
	}

	/** From the backtick that opens a template, or the brace that closes a `${`, to the next `${` or the end. */
	#template(): void {
		let end = this.#at + 1;
		while (end < this.#text.length && this.#text[end] !== "`" && this.#text.slice(end, end + 2) !== "${") {
			end += this.#text[end] === "\\" ? 2 : 1;
		}
		this.#at++;
		this.#blank(end);
		if (this.#text[end] === "`") {
			this.#at++;
			this.#previous = "`";
		} else {
			this.#at += 2;
			this.#previous = "{";
			this.#templates.push(0);
		}
	}

	#regex(): void {
		let end = this.#at + 1;
		let inClass = false;
		while (end < this.#text.length && this.#text[end] !== "\n") {
			const char = this.#text[end];
			if (char === "/" && !inClass) break;
			if (char === "[") inClass = true;
			if (char === "]") inClass = false;
			end += char === "\\" ? 2 : 1;
		}
		this.#at++;
		this.#blank(end);
		this.#at++;
		this.#previous = "/";
	}

	#opensRegex(): boolean {
		if (/^[\w$]/.test(this.#previous)) return beforeRegex.has(this.#previous);
		return !/^[)\]"'`/]$/.test(this.#previous);
	}

	#until(end: string, from: number): number {
		const found = this.#text.indexOf(end, this.#at + from);
		return found === -1 ? this.#text.length : found + (end === "\n" ? 0 : end.length);
	}

	#blank(end: number): void {
		for (; this.#at < Math.min(end, this.#text.length); this.#at++) {
			if (this.#text[this.#at] !== "\n") this.#out[this.#at] = " ";
		}
	}
}
