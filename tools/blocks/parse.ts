/** One fenced block of a Markdown document. */
export interface Block {
	/** The line its code starts on, from 1. */
	readonly line: number;
	readonly language: string;
	readonly code: string;
	/** What the HTML comment right above it asks for. */
	readonly directive: Directive;
	/** The text block right below it: what it prints. */
	readonly expected: string | undefined;
}

/** How a block is run: to its end; in the background until the document ends; or not, and why. */
export type Directive =
	| { readonly kind: "run" }
	| { readonly kind: "keep"; readonly url: string | undefined }
	| { readonly kind: "skip"; readonly reason: string }
	| { readonly kind: "unknown"; readonly text: string };

/** A piece of a document: all that matters here is what stands right above and right below a block. */
type Piece =
	| { readonly kind: "words" }
	| { readonly kind: "comment"; readonly text: string }
	| { readonly kind: "fence"; readonly line: number; readonly language: string; readonly code: string };

/** Every fenced block of a document, in order, those of expected output included. */
export function parseBlocks(markdown: string): readonly Block[] {
	const pieces = readPieces(markdown.replaceAll("\r\n", "\n").split("\n"));
	return pieces.flatMap((piece, index): Block[] => {
		if (piece.kind !== "fence") return [];
		const above = pieces[index - 1];
		const below = pieces[index + 1];
		return [
			{
				line: piece.line,
				language: piece.language,
				code: piece.code,
				directive: above?.kind === "comment" ? readDirective(above.text) : { kind: "run" },
				expected: below?.kind === "fence" && below.language === "text" ? below.code : undefined,
			},
		];
	});
}

function readDirective(comment: string): Directive {
	const text = comment.replace(/\s+/g, " ").trim();
	const skip = /^not run: (.+)$/.exec(text)?.[1];
	if (skip !== undefined) return { kind: "skip", reason: skip };
	const url = /^keeps running: ready when (\S+) answers$/.exec(text)?.[1];
	if (url !== undefined) return { kind: "keep", url };
	if (text === "keeps running: ready when it prints") return { kind: "keep", url: undefined };
	return /^(?:not run|keeps running)/.test(text) ? { kind: "unknown", text } : { kind: "run" };
}

function readPieces(lines: readonly string[]): readonly Piece[] {
	const pieces: Piece[] = [];
	for (let at = 0; at < lines.length; at++) {
		const line = lines[at] ?? "";
		const fence = /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)/.exec(line);
		if (fence) {
			const [, indent = "", marks = "", language = ""] = fence;
			const end = findEnd(lines, at + 1, (text) => text.trim().startsWith(marks) && !/[^`~\s]/.test(text));
			const code = lines.slice(at + 1, end).map((text) => (text.startsWith(indent) ? text.slice(indent.length) : text));
			pieces.push({ kind: "fence", line: at + 2, language, code: code.join("\n") });
			at = end;
		} else if (/^\s*<!--/.test(line)) {
			const end = findEnd(lines, at, (text) => text.includes("-->"));
			const text = lines.slice(at, end + 1).join("\n");
			pieces.push({ kind: "comment", text: text.slice(text.indexOf("<!--") + 4, text.lastIndexOf("-->")) });
			at = end;
		} else if (line.trim()) pieces.push({ kind: "words" });
	}
	return pieces;
}

function findEnd(lines: readonly string[], from: number, ends: (line: string) => boolean): number {
	const found = lines.findIndex((line, index) => index >= from && ends(line));
	return found === -1 ? lines.length : found;
}
