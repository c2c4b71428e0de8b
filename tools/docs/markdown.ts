/** A table, as Markdown writes it. Cells are one line each. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
	return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A number as a person reads it: `65,536`. */
export function digits(number: number): string {
	return number.toLocaleString("en");
}

/** A size in a larger unit, `64 KiB`, where it is whole there. */
export function largeSize(bytes: number): string | undefined {
	const units = [
		["GB", 1e9],
		["MiB", 1_048_576],
		["KiB", 1_024],
	] as const;
	const found = units.find(([, size]) => bytes >= size && bytes % size === 0);
	return found && `${bytes / found[1]} ${found[0]}`;
}

/** A time in a larger unit, `2 min`, where it is whole there. */
export function largeTime(milliseconds: number): string | undefined {
	const units = [
		["h", 3_600_000],
		["min", 60_000],
		["s", 1_000],
	] as const;
	const found = units.find(([, size]) => milliseconds >= size && milliseconds % size === 0);
	return found && `${milliseconds / found[1]} ${found[0]}`;
}

/** What stands on top of a page that is written by a tool. */
export function generatedFrom(source: string): string {
	return `<!-- Written by \`npm run docs\` from ${source}: change it there. -->`;
}
