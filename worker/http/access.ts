import type { Fault } from "../../protocol/result.ts";
import { fail } from "../../protocol/result.ts";
import { closed, isClosed, signersOf } from "../auth/authority.ts";
import { type Env, isDevMode } from "../env.ts";
import { isLoopback } from "./loopback.ts";
import type { OriginRule } from "./origins.ts";

/**
 * Why a request may not come in at all, whoever sends it; undefined where it may. A server without keys is closed. Dev mode
 * answers only to loopback names, because a web page can point a name of its own at 127.0.0.1 (DNS rebinding). Pages may connect
 * from listed origins only, and in dev mode from this machine, because any web page can open a socket to it.
 */
export async function refuseEntry(request: Request, env: Env, isAllowedOrigin: OriginRule): Promise<Fault | undefined> {
	const signers = await signersOf(env);
	if (!signers.ok) return signers.fault;
	const dev = isDevMode(env);
	if (!dev && isClosed(signers.value)) return closed.fault;
	const host = request.headers.get("host") ?? new URL(request.url).host;
	if (dev && env.AEROGRAM_DEV !== "unsafe-open" && !isLoopback(host)) {
		return fail("not_configured", "Dev mode answers only to names of this machine: use localhost or 127.0.0.1.").fault;
	}
	const origin = request.headers.get("origin");
	if (origin === null || isAllowedOrigin(origin, request, env)) return undefined;
	return fail("forbidden", "Pages of this origin may not connect; `origins` in aerogram.config.ts lists who may.")
		.fault;
}
