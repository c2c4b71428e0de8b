import { type Quotas, quotaCeilings, quotas as shipped } from "../protocol/limits.ts";

const most: Partial<Quotas> = quotaCeilings;

/**
 * The quotas that count: those that a configuration says, and the shipped ones.
 *
 * @throws Error that names the mistake.
 */
export function readQuotas(said: Partial<Quotas> = {}): Quotas {
	for (const [name, value] of Object.entries(said)) {
		if (!Object.hasOwn(shipped, name)) throw mistake(`there is no ${name}.`);
		const ceiling = most[name as keyof Quotas] ?? Number.MAX_SAFE_INTEGER;
		if (!(Number.isSafeInteger(value) && value >= 1 && value <= ceiling)) {
			throw mistake(`${name} is a whole number from 1 to ${ceiling.toLocaleString("en-US")}.`);
		}
	}
	return { ...shipped, ...said };
}

function mistake(what: string): Error {
	return new Error(`aerogram.config.ts: limits: ${what}`);
}
