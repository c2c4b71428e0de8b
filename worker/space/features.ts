/** The parts of the protocol this server speaks, told in `welcome`. */
export const features = [
	"channels",
	"credit",
	"dedup",
	"resume",
	"if-seq",
	"ephemeral",
	"presence",
	"watch",
	"calls",
	"transactions",
	"locks",
	"auth",
] as const;
