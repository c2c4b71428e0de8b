import { defineConfig } from "./worker/config.ts";

/** The one file to edit. What stands here are the defaults. */
export default defineConfig({
	/** What raw TCP and every socket greet with: one line. */
	greeting: "Welcome to Aerogram! 欢迎!",

	/** What the exchange answers: one line. */
	reply: (name) => `Hello, ${name}! Your message is stored.`,

	tcp: {
		/** "auto": who stays silent is greeted, who speaks first is just answered. Or "always", "never". */
		greeting: "auto",
		/** How long "auto" waits, in milliseconds. */
		wait: 200,
	},

	/** Web pages that may connect, beside those on this machine in dev mode: "https://app.example.com". */
	origins: [],
});
