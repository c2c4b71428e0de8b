import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { npmRunDev } from "../helpers/dev-command.ts";
import { copyTree } from "../helpers/tree-copy.ts";
import { until } from "../helpers/until.ts";

const messages = 500;
const durations = { backoffBase: 20, backoffCap: 200, backoffFloor: 10, spread: 100 };

test(`${messages} messages published and subscribed to across restarts of the code arrive once and in order`, async () => {
	await using tree = await copyTree();
	await using dev = npmRunDev(tree.folder, ["--json", "--port", "0", "--tcp", "off", "--data", "data"]);
	const { url } = await dev.ready;
	const file = join(tree.folder, "worker", "app.ts");
	const original = await readFile(file, "utf8");
	const unknown = "answerUnknown(context, app.routes)";
	const restarts = () => dev.stderr().split("restarted in").length - 1;
	const save = async (text: string) => {
		await writeFile(`${file}~`, text);
		await rename(`${file}~`, file);
	};

	const [publisher, subscriber] = [new Aerogram(url, { durations }), new Aerogram(url, { durations })];
	try {
		const seen: number[] = [];
		const gaps: unknown[] = [];
		const channel = subscriber.space("reload").channel<number>("log");
		await channel.subscribe(({ data }) => seen.push(data), { onGap: (gap) => gaps.push(gap) }).ready;
		let restarted = 0;
		for (let number = 0; number < messages; number++) {
			await publisher.space("reload").channel<number>("log").publish(number);
			// Two good changes and a syntax error in the middle of the run, none of them waited for.
			if (number === 100) await save(original.replace(unknown, 'respond(context, "not_found", "First change.")'));
			if (number === 200) await save(`${original}\nthis is no TypeScript`);
			if (number === 300) await save(original.replace(unknown, 'respond(context, "not_found", "Second change.")'));
			if (number === 450) restarted = restarts();
			await new Promise((resolve) => setTimeout(resolve, 8));
		}
		await until(() => seen.length >= messages, "the last message");
		expect(seen).toEqual(Array.from({ length: messages }, (_, index) => index));
		expect(gaps).toEqual([]);
		expect(restarted).toBe(2);
		expect(dev.stderr()).toContain("worker/app.ts");
		expect(await (await fetch(`${url}/nowhere`)).text()).toContain("Second change.");
	} finally {
		publisher.close();
		subscriber.close();
	}
});
