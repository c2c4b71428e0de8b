import {
	type Capability,
	type Rights as CompiledRights,
	compileRights,
	readCapabilities,
} from "../../../../protocol/capabilities.ts";
import type { Identity } from "../../../../protocol/identity.ts";
import type { KeptAuthority, Sql } from "../../ports.ts";

/** Characters of capabilities that an attachment has room for, beside whatever else a socket keeps there. */
const attachedLength = 384;

/** Sets of capabilities that are known in memory by their text: many sockets have the same. */
const knownMost = 1_000;

/** A set of capabilities in memory. */
interface Known {
	readonly may: KeptAuthority["may"];
	readonly rights: CompiledRights;
}

/**
 * The part that knows what may be done: it keeps the capabilities of sockets where they outlive the object's sleep, and has each
 * set of them compiled once a wake.
 */
export class Rights {
	readonly #sql: Sql;
	readonly #byText = new Map<string, Known>();
	readonly #byAuthority = new WeakMap<KeptAuthority, CompiledRights>();

	constructor(sql: Sql) {
		this.#sql = sql;
	}

	/** What a socket of this identity keeps. Writes a row where its capabilities are long, and no socket is known that has the same. */
	keep({ principal: _, capabilities, ...rest }: Identity): KeptAuthority {
		const text = JSON.stringify(capabilities);
		const known = this.#byText.get(text) ?? this.#learn(text, this.#place(text, capabilities), capabilities);
		const kept = { ...rest, may: known.may };
		this.#byAuthority.set(kept, known.rights);
		return kept;
	}

	/** What is allowed. Capabilities that are not found, or cannot be read, allow nothing. */
	of(kept: KeptAuthority): CompiledRights {
		const found = this.#byAuthority.get(kept);
		if (found) return found;
		const { may } = kept;
		const text = typeof may === "number" ? this.#load(may) : JSON.stringify(may);
		const { rights } = this.#byText.get(text) ?? this.#learn(text, may, read(text));
		this.#byAuthority.set(kept, rights);
		return rights;
	}

	/** Drops the rows that none of these needs. */
	sweep(kept: readonly KeptAuthority[]): void {
		const used = new Set(kept.map(({ may }) => may));
		for (const { id } of this.#sql.all<{ id: number }>("SELECT id FROM rights")) {
			if (!used.has(id)) this.#sql.run("DELETE FROM rights WHERE id = ?", id);
		}
		this.#byText.clear();
	}

	/** Forgets what is in memory, after a wipe. */
	clear(): void {
		this.#byText.clear();
	}

	#place(text: string, capabilities: readonly Capability[]): KeptAuthority["may"] {
		if (text.length <= attachedLength) return capabilities;
		this.#sql.run("INSERT INTO rights (capabilities) VALUES (?)", text);
		return this.#sql.all<{ id: number }>("SELECT max(id) AS id FROM rights")[0]?.id ?? 0;
	}

	#load(id: number): string {
		const rows = this.#sql.all<{ capabilities: string }>("SELECT capabilities FROM rights WHERE id = ?", id);
		return rows[0]?.capabilities ?? "[]";
	}

	#learn(text: string, may: KeptAuthority["may"], capabilities: readonly Capability[]): Known {
		const known = { may, rights: compileRights(capabilities) };
		if (this.#byText.size >= knownMost) this.#byText.clear();
		this.#byText.set(text, known);
		return known;
	}
}

function read(text: string): readonly Capability[] {
	const capabilities = readCapabilities(JSON.parse(text) as unknown);
	return capabilities.ok ? capabilities.value : [];
}
