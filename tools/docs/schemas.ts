import type { OpenApiMedia, OpenApiRef, OpenApiSchema } from "../openapi.ts";
import { digits, table } from "./markdown.ts";

/** The name at the end of a reference. */
export function nameOf({ $ref }: OpenApiRef): string {
	return $ref.replace(/.*\//, "");
}

/** What a body holds, and as what where that is not every format of values. */
export function contentText(content: Readonly<Record<string, OpenApiMedia>>): string {
	const formats = Object.keys(content).filter((type) => /^application\/(?:json|xml|msgpack)$/.test(type));
	const schema = content[formats[0] ?? ""]?.schema;
	const others = Object.keys(content).filter((type) => !formats.includes(type));
	const more = others.map((type) => {
		const events = Object.entries(content[type]?.["x-events"] ?? {});
		const told = events.map(([event, one]) => `\`${event}\` with ${typeText(one)}`).join(", ");
		return `\`${type}\`${told && `: ${told}`}`;
	});
	const values = schema ? [`${typeText(schema)}${formats.length > 1 ? "" : " as JSON"}`] : [];
	return [...values, ...more].join("; or ");
}

/** A schema with its members. */
export function schemaText(name: string, schema: OpenApiSchema): string {
	const { properties = {}, required = [], description = "" } = schema;
	const limits = limitsText(schema);
	const type = schema.properties ? "" : `Type: ${typeText(schema)}${limits && `, ${limits}`}.`;
	const rows = Object.entries(properties).map(([key, member]) => [
		`\`${key}\``,
		`${typeText(member)}${required.includes(key) ? "" : ", optional"}`,
		member.description ?? "",
	]);
	// A resource may have the same name, and its heading the link.
	const heading = `### <a id="${schemaAnchor(name)}"></a>${name}`;
	const parts = [heading, description, type, rows.length > 0 ? table(["member", "type", ""], rows) : ""];
	return parts.filter((part) => part !== "").join("\n\n");
}

const words: Readonly<Record<string, string>> = { integer: "whole number", string: "text" };

/** What a schema takes, in a few words. */
export function typeText({ $ref, const: only, enum: some, oneOf, type, items }: OpenApiSchema): string {
	if ($ref !== undefined) return `[${nameOf({ $ref })}](#${schemaAnchor(nameOf({ $ref }))})`;
	if (only !== undefined) return `\`${only}\``;
	if (some) return some.map((one) => `\`${one}\``).join(" or ");
	if (oneOf) return oneOf.map(typeText).join(", or ");
	if (type === "array") return `list of ${items ? typeText(items) : "values"}`;
	if (type === undefined) return "any value";
	return [type]
		.flat()
		.map((one) => words[one] ?? one)
		.join(" or ");
}

/** What bounds a schema: empty where nothing does that a reader need know. */
export function limitsText(schema: OpenApiSchema): string {
	const least = schema.minimum === 0 ? undefined : (schema.minimum ?? schema.minLength ?? schema.minItems);
	const most = schema.maximum ?? schema.maxLength ?? schema.maxItems;
	const unit = schema.type === "string" ? " characters" : schema.type === "array" ? " items" : "";
	return [
		least === undefined ? "" : `at least ${digits(least)}${unit}`,
		most === undefined ? "" : `at most ${digits(most)}${unit}`,
		schema.default === undefined ? "" : `${schema.default} when not given`,
	]
		.filter((text) => text !== "")
		.join(", ");
}

function schemaAnchor(name: string): string {
	return `schema-${name.toLowerCase()}`;
}
