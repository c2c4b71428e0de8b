/** What `aerogram.config.ts` may say. Every field has a default. */
export interface Config {
	/** What `welcome` and raw TCP greet with: one line. Default: "Welcome to Aerogram". */
	readonly greeting?: string;
	/** What the exchange answers, from the name it was given: one line. Default: "Hello, <name>! Your message is stored." */
	readonly reply?: (name: string) => string;
	readonly tcp?: {
		/**
		 * Whether raw TCP greets. `auto`: who stays silent for `wait` is greeted, who speaks first is answered without a
		 * greeting before it. Default: auto.
		 */
		readonly greeting?: "auto" | "always" | "never";
		/** How long `auto` waits, in milliseconds. Default: 200. */
		readonly wait?: number;
	};
	/** Origins of web pages that may connect, exactly as browsers send them: `https://app.example.com`. Default: none. */
	readonly origins?: readonly string[];
}

/** Types `aerogram.config.ts`; changes nothing. */
export function defineConfig(config: Config): Config {
	return config;
}
