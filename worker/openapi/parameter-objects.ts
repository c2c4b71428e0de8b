import type { Json } from "../../protocol/envelopes.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Operation } from "./describe.ts";
import { type Parameter, parameters, pathParameters } from "./parameters.ts";

/** The parameters that an operation takes: those in the braces of its path, then those it names. */
export function describeParameters(template: string, operation: Operation): readonly Json[] {
	const names = [...namesInPath(template), ...(operation.parameters ?? [])];
	return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

/** A parameter as OpenAPI writes it. */
export function parameterObject(key: string, parameter: Parameter): Json {
	const { name = key, in: place, description, schema, example, repeated } = parameter;
	return {
		name,
		in: place,
		description,
		...((place === "path" || parameter.required) && { required: true }),
		schema: repeated ? { type: "array", items: schema } : schema,
		...(example !== undefined && { example: repeated ? [example] : example }),
		...(repeated && { explode: true }),
	};
}

/** The problems that the parameters of an operation may cause. */
export function parameterCodes(template: string, operation: Operation): readonly ErrorCode[] {
	const named: readonly Parameter[] = (operation.parameters ?? []).map((name) => parameters[name]);
	const inPath: readonly (Parameter | undefined)[] = namesInPath(template).map(
		(name) => (pathParameters as { readonly [name: string]: Parameter })[name],
	);
	return [...inPath, ...named].flatMap((parameter) => parameter?.problems ?? []);
}

/** The names in the braces of a path. */
function namesInPath(template: string): readonly string[] {
	return [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
}
