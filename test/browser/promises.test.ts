import { describe, inject, test } from "vitest";
import { Aerogram, isAerogramError } from "../../sdk/index.ts";
import { keep } from "../promises/stage.ts";
import { promisesOf, transports } from "../promises/transports.ts";

describe.each(inject("promiseTransports"))("over %s, in Chromium", (transport) => {
	test.each(promisesOf(transport))("$name", (promise) =>
		keep(promise, { Aerogram, isAerogramError }, inject("promiseTarget"), transports[transport].options),
	);
});
