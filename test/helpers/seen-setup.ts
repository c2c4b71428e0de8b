/** Notes which file runs, and the error codes that servers of ours say on WebSockets. What comes over HTTP is noted elsewhere. */
import { expect } from "vitest";
import { isServer } from "./openapi/servers.ts";
import { sawCodes, sawFile } from "./seen-codes.ts";

sawFile(expect.getState().testPath ?? "");

const watched = Symbol.for("aerogram.test.watched");

// Files of one process share their globals: the first wraps them.
if (!(watched in globalThis)) {
	Object.defineProperty(globalThis, watched, { value: true });
	globalThis.WebSocket = class extends globalThis.WebSocket {
		constructor(url: string | URL, protocols?: string | string[]) {
			super(url, protocols);
			if (!isServer(new URL(url))) return;
			this.addEventListener("message", ({ data }) => {
				if (typeof data === "string") sawCodes(data);
			});
		}
	};
}
