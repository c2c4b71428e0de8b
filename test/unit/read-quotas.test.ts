import { expect, test } from "vitest";
import { quotas } from "../../protocol/limits.ts";
import { readQuotas } from "../../worker/read-quotas.ts";

test("what the configuration says counts, and what it leaves out is as shipped", () => {
	expect(readQuotas()).toEqual(quotas);
	expect(readQuotas({ clientRate: 50, spacesPerPrincipal: 3 })).toEqual({
		...quotas,
		clientRate: 50,
		spacesPerPrincipal: 3,
	});
	expect(readQuotas({ socketsPerSpace: 32_000 }).socketsPerSpace).toBe(32_000);
});

test.each([
	[{ inFlight: 3 }, "limits: there is no inFlight."],
	[{ toString: 3 }, "limits: there is no toString."],
	[{ clientRate: 0 }, "limits: clientRate is a whole number from 1 to"],
	[{ clientRate: 1.5 }, "limits: clientRate is a whole number from 1 to"],
	[{ rowsPerDay: Number.POSITIVE_INFINITY }, "limits: rowsPerDay is a whole number from 1 to"],
	[{ spaceBytes: 10_000_000_000 }, "limits: spaceBytes is a whole number from 1 to 9,500,000,000."],
	[{ socketsPerSpace: 32_001 }, "limits: socketsPerSpace is a whole number from 1 to 32,000."],
	[{ membersPerChannel: "7" }, "limits: membersPerChannel is a whole number"],
])("%j is a mistake, with a sentence that names it", (said, sentence) => {
	expect(() => readQuotas(said as never)).toThrow(sentence);
});
