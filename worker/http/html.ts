import type { Context } from "hono";
import { digestOf } from "../auth/digest.ts";
import type { App } from "./types.ts";

/** What a page may load and reach, its own origin and nothing else; of scripts inside it, those with these digests alone. */
function policyOf(scripts: readonly string[]): string {
	return [
		"default-src 'none'",
		`script-src 'self' ${scripts.map((digest) => `'sha256-${digest}'`).join(" ")}`,
		"style-src 'unsafe-inline'",
		"connect-src 'self' ws: wss:",
		"img-src 'self' data:",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	].join("; ");
}

/** The policies of pages, each made when it is first sent. */
const policies = new Map<string, string>();

/** A page as it is sent, one file that needs nothing else: each `<!-- name.html -->` of the markup with its part in place. */
export function assemblePage(markup: string, parts: Readonly<Record<string, string>>): string {
	return Object.entries(parts).reduce(
		(whole, [name, part]) => whole.replace(`<!-- ${name}.html -->`, () => part),
		markup,
	);
}

/** Answers a page, which may load nothing from elsewhere, run no script but its own and stand in no frame. */
export async function answerPage(context: Context<App>, page: string): Promise<Response> {
	const policy = policies.get(page) ?? policyOf(await scriptDigests(page));
	policies.set(page, policy);
	context.header("content-security-policy", policy);
	context.header("referrer-policy", "no-referrer");
	return context.html(page);
}

/** The SHA-256 digests of the scripts that stand in a page, in base64, as a policy names them. */
function scriptDigests(page: string): Promise<readonly string[]> {
	const scripts = page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g);
	return Promise.all(
		Array.from(scripts, async ([, script = ""]) => btoa(String.fromCharCode(...(await digestOf(script))))),
	);
}
