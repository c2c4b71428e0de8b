import type { Context } from "hono";
import config from "../../aerogram.config.ts";
import { failureLine } from "../../protocol/log.ts";
import type { ConnectAnswer, ConnectEvent, Hooks } from "../config.ts";
import { durationsOf } from "../env.ts";
import { Problem } from "./problem.ts";
import type { App } from "./types.ts";

const { onConnect }: Hooks = config.hooks ?? {};

/** Whether the application wants to say who may connect. */
export const hasConnectHook = onConnect !== undefined;

/**
 * Lets the application say who may connect. Throws a `Problem`: `forbidden` for whom it rejects; `application_failed` where
 * it throws, answers something else, or nothing for as long as a connect may take.
 */
export async function admitConnection(
	context: Context<App>,
	connect: Pick<ConnectEvent, "space" | "door"> & { readonly client?: string | undefined },
): Promise<void> {
	if (!onConnect) return;
	const { space, door, client } = connect;
	const told = { space, door, principal: context.get("principal"), headers: context.req.raw.headers };
	const answer = await ask(
		() => onConnect({ ...told, ...(client !== undefined && { client }) }),
		durationsOf(context.env).connect,
		context.get("requestId"),
	);
	if (typeof answer?.reject === "string") throw new Problem("forbidden", answer.reject);
}

async function ask(
	hook: () => ConnectAnswer | Promise<ConnectAnswer>,
	most: number,
	request: string,
): Promise<ConnectAnswer> {
	let timer: ReturnType<typeof setTimeout> | null = null;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error("it did not answer in time")), most);
	});
	try {
		return await Promise.race([hook(), late]);
	} catch (error) {
		console.error(failureLine("onConnect of aerogram.config.ts", error, request));
		throw new Problem("application_failed", "The server's own code failed (onConnect): its log says why.");
	} finally {
		clearTimeout(timer);
	}
}
