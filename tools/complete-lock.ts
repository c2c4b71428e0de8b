/**
 * Completes `package-lock.json` for every platform. A registry mirror may lack packages for other systems; `npm install`
 * then drops them from the lock without a word and `npm ci` refuses the result. This adds each one back as an optional
 * entry bound to its system, so that `npm ci` works here and a Mac can still fetch its own. Run it after every change of
 * the lockfile: `node tools/complete-lock.ts`.
 */
import { readFileSync, writeFileSync } from "node:fs";

interface LockEntry {
	version?: string;
	optional?: boolean;
	dev?: boolean;
	os?: string[];
	cpu?: string[];
	libc?: string[];
	optionalDependencies?: Record<string, string>;
}

const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const processors = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64", "wasm32"];

/** What a platform package says of itself in its name: `@esbuild/linux-x64`, `@cloudflare/workerd-windows-64`. */
function platformOf(name: string): Pick<LockEntry, "os" | "cpu" | "libc"> {
	const words = name
		.replace("windows", "win32")
		.replace(/\bwin\b/, "win32")
		.replace(/-64\b/, "-x64")
		.split(/[-/]/);
	const os = systems.find((system) => words.includes(system));
	const cpu = processors.find((processor) => words.some((word) => word === processor || word === `${processor}gnu`));
	const libc = words.includes("musl") ? "musl" : words.includes("gnu") ? "glibc" : undefined;
	return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }) };
}

const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, LockEntry> };
const added: string[] = [];
for (const entry of Object.values(lock.packages)) {
	for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
		const version = range.replace(/^[\^~]/, "");
		const platform = platformOf(name);
		if (lock.packages[`node_modules/${name}`] || !/^\d/.test(version) || !(platform.os || platform.cpu)) continue;
		lock.packages[`node_modules/${name}`] = { version, dev: true, optional: true, ...platform };
		added.push(`${name}@${version}`);
	}
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, "\t")}\n`);
console.log(`added ${added.length} platform packages${added.length ? `: ${added.join(", ")}` : ""}`);
