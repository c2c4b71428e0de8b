import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { matchesOutput, occursIn } from "./expectation.ts";
import type { Block } from "./parse.ts";
import { type Program, start, waitUntil } from "./processes.ts";
import { isProgram } from "./rules.ts";
import { makeStage, type Stage } from "./stage.ts";

/** What runs on may print its last expected line this many milliseconds after the last other block. */
const settle = 2_000;

/** How the blocks of a document are run. */
export interface RunOptions {
	/** The project's folder: shell blocks run there, and `import "aerogram"` means its `dist`. */
	readonly root: string;
	/** Whether `npm ci` was run there already, so that it is left out. */
	readonly installed: boolean;
	/** How long a block may take, or a server to get ready, in milliseconds. */
	readonly timeout: number;
}

/** What became of one block. */
export interface Outcome {
	readonly line: number;
	readonly language: string;
	readonly result: "passed" | "failed" | "not run";
	/** Why it failed, or was not run. */
	readonly text: string;
}

interface Kept {
	readonly block: Block;
	readonly program: Program;
}

/**
 * Runs the blocks of one document in order against the server that a block of its own starts. Stops at the first that
 * fails; whatever was started has ended when this returns.
 */
export async function runDocument(blocks: readonly Block[], options: RunOptions): Promise<readonly Outcome[]> {
	const data = join(options.root, ".aerogram");
	if (existsSync(data)) {
		return [failure(blocks[0], `${data} holds the messages of an earlier run; the blocks expect a fresh server`)];
	}
	const stage = makeStage(options.root, options.installed);
	const kept: Kept[] = [];
	try {
		const outcomes = await runInOrder(blocks.filter(isProgram), stage, kept, options);
		if (outcomes.some(({ result }) => result === "failed")) return outcomes;
		return [...outcomes, ...(await judgeKept(kept))];
	} finally {
		for (const { program } of kept.toReversed()) await program.stop();
		stage.remove();
		rmSync(data, { recursive: true, force: true });
	}
}

async function runInOrder(
	blocks: readonly Block[],
	stage: Stage,
	kept: Kept[],
	options: RunOptions,
): Promise<readonly Outcome[]> {
	const types = stage.checkTypes(blocks.filter(({ directive }) => directive.kind !== "skip"));
	if (types)
		return [
			failure(
				blocks.find(({ language }) => language === "ts"),
				`does not compile\n${types}`,
			),
		];
	const outcomes: Outcome[] = [];
	for (const block of blocks) {
		const outcome = await runBlock(block, stage, kept, options);
		if (outcome) outcomes.push(outcome);
		if (outcome?.result === "failed") break;
	}
	return outcomes;
}

async function runBlock(block: Block, stage: Stage, kept: Kept[], options: RunOptions): Promise<Outcome | undefined> {
	const { directive } = block;
	if (directive.kind === "skip") return { ...place(block), result: "not run", text: directive.reason };
	if (directive.kind === "keep" && directive.url !== undefined && (await answers(directive.url))) {
		return failure(block, `${directive.url} is answered already: another server is running`);
	}
	const { command, cwd } = stage.commandOf(block);
	const program = start(command, cwd);
	if (directive.kind === "keep") {
		kept.push({ block, program });
		return waitUntilReady(block, program, directive.url, options.timeout);
	}
	return judge(block, program, options.timeout);
}

/** Nothing is said of one that is ready: it is judged at the end of the document, by all it printed. */
async function waitUntilReady(
	block: Block,
	program: Program,
	url: string | undefined,
	timeout: number,
): Promise<Outcome | undefined> {
	let ended = false;
	void program.ended.then(() => {
		ended = true;
	});
	const isReady = async () => ended || (url === undefined ? program.output() !== "" : await answers(url));
	if ((await waitUntil(isReady, timeout)) && !ended) return undefined;
	return failure(
		block,
		`${ended ? "ended" : `was not ready in ${timeout} ms`}\n${program.output()}${program.errors()}`,
	);
}

async function judge(block: Block, program: Program, timeout: number): Promise<Outcome> {
	let late = false;
	const timer = setTimeout(() => {
		late = true;
		void program.stop();
	}, timeout);
	const code = await program.ended;
	clearTimeout(timer);
	await program.stop();
	const output = program.output();
	if (late) return failure(block, `did not end in ${timeout} ms\n${output}${program.errors()}`);
	if (code !== 0) return failure(block, `ended with ${code}\n${output}${program.errors()}`);
	if (block.expected !== undefined && !matchesOutput(block.expected, output)) {
		return failure(block, `expected\n${block.expected}\nbut it printed\n${output}${program.errors()}`);
	}
	return { ...place(block), result: "passed", text: "" };
}

async function judgeKept(kept: readonly Kept[]): Promise<readonly Outcome[]> {
	const outcomes: Outcome[] = [];
	for (const { block, program } of kept) {
		const { expected } = block;
		// A person sees both streams in one terminal; a server says most on the second.
		const printed = () => `${program.output()}\n${program.errors()}`;
		const right = expected === undefined || (await waitUntil(() => occursIn(expected, printed()), settle));
		outcomes.push(
			right
				? { ...place(block), result: "passed", text: "" }
				: failure(block, `expected, among what it prints,\n${expected}\nbut it printed\n${printed()}`),
		);
	}
	return outcomes;
}

async function answers(url: string): Promise<boolean> {
	try {
		return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
	} catch {
		return false;
	}
}

function place(block: Block): Pick<Outcome, "line" | "language"> {
	return { line: block.line, language: block.language };
}

function failure(block: Block | undefined, text: string): Outcome {
	return { line: block?.line ?? 0, language: block?.language ?? "", result: "failed", text };
}
