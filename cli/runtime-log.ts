import type { Log } from "miniflare";

/** Takes one line, or several, for a person to read. */
export type WriteLine = (line: string) => void;

/** How the runtime tells about an error that nobody caught: once with the Worker's stack, once with its own. */
const uncaught = /^uncaught exception; source = ([^;]*); stack = (.*)$/s;

/** What the runtime says of its own inner life: the same error again, and connections that clients dropped. */
const inner = /^(?:uncaught exception; exception = |exception = )/;

/** Miniflare's options for logs: what the Worker prints, and what it threw and nobody caught. */
export function runtimeLog(miniflare: typeof import("miniflare"), write: WriteLine) {
	return {
		log: createLog(miniflare, write),
		// Without it the runtime keeps uncaught errors of the Worker to itself.
		verbose: true,
		handleStructuredLogs({ message }: { readonly message: string }) {
			const [, source, stack] = uncaught.exec(message) ?? [];
			if (stack?.startsWith("Error: Network connection lost")) return;
			if (stack !== undefined) write(`${source}: ${stack}`);
			else if (!inner.test(message)) write(message);
		},
	};
}

/** Miniflare's own messages, from warnings on. */
function createLog({ Log, LogLevel }: typeof import("miniflare"), write: WriteLine): Log {
	class LineLog extends Log {
		protected override log(message: string): void {
			write(message);
		}
	}
	return new LineLog(LogLevel.WARN);
}
