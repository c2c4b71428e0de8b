import { join } from "node:path";
import { expect, test } from "vitest";
import { npmRunDev } from "../helpers/dev-command.ts";
import { copyTree } from "../helpers/tree-copy.ts";

test("npm run dev answers /health within 3 s of its start, with nothing built before, in each of 5 runs", async () => {
	await using tree = await copyTree();
	const times: number[] = [];
	for (let run = 0; run < 5; run++) {
		const started = performance.now();
		const options = ["--json", "--port", "0", "--tcp", "0", "--data", join("data", `start-${run}`)];
		await using dev = npmRunDev(tree.folder, options);
		const { url } = await dev.ready;
		expect((await fetch(`${url}/health`)).status).toBe(200);
		times.push(Math.round(performance.now() - started));
	}
	console.log(`from spawn to /health: ${times.join(", ")} ms`);
	expect(Math.max(...times)).toBeLessThanOrEqual(3_000);
});
