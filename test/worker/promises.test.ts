import { inject, test } from "vitest";
import { Aerogram, isAerogramError } from "../../sdk/index.ts";
import { keep } from "../promises/stage.ts";
import { promises } from "../promises/suite.ts";

test.each(promises)("WebSocket in workerd: $name", (promise) =>
	keep(promise, { Aerogram, isAerogramError }, inject("promiseTarget")),
);
