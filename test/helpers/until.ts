/**
 * Waits until something holds, looking often at first and every 50 ms after a while: what looks all the time takes the time of
 * what it waits for. Rejects after `most` milliseconds, saying for what it waited.
 */
export async function until(holds: () => boolean | Promise<boolean>, what: string, most = 10_000): Promise<void> {
	const deadline = Date.now() + most;
	for (let pause = 2; !(await holds()); pause = Math.min(50, pause * 1.25)) {
		if (Date.now() > deadline) throw new Error(`waited ${most} ms in vain for ${what}`);
		await new Promise((resolve) => setTimeout(resolve, pause));
	}
}
