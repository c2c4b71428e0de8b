import { checkCycles } from "./cycles.ts";
import { checkDefaultExports } from "./default-exports.ts";
import { checkDependencies } from "./dependencies.ts";
import { checkDocComments } from "./doc-comments.ts";
import { checkFileNames } from "./file-names.ts";
import { checkFileSize } from "./file-size.ts";
import { checkForeignWords } from "./foreign-words.ts";
import type { Guard } from "./guard.ts";
import { checkLayers } from "./layers.ts";
import { checkSdkSize } from "./sdk-size.ts";
import { checkStrictTypes } from "./strict-types.ts";

/** Every guard, by the name of its file and of its folder below `fixtures/`. */
export const guards: Readonly<Record<string, Guard>> = {
	layers: checkLayers,
	cycles: checkCycles,
	"file-size": checkFileSize,
	"strict-types": checkStrictTypes,
	"default-exports": checkDefaultExports,
	"file-names": checkFileNames,
	"doc-comments": checkDocComments,
	"foreign-words": checkForeignWords,
	dependencies: checkDependencies,
	"sdk-size": checkSdkSize,
};
