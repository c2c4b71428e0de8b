/** Waits until something holds, looking every few milliseconds; rejects after `most` milliseconds, saying for what it waited. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, most = 10_000): Promise<void> {
	const deadline = Date.now() + most;
	while (!(await holds())) {
		if (Date.now() > deadline) throw new Error(`waited ${most} ms in vain for ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 2));
	}
}
