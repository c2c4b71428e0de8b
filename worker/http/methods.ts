/** A route, as far as the methods of a path depend on it. */
export interface MethodRoute {
	/** `GET`, `POST` …; `ALL` for what is run for every method, which is middleware here. */
	readonly method: string;
	/** The path, with `:name` for a part that varies. */
	readonly path: string;
}

/**
 * The methods that a path takes, as the `Allow` header lists them (RFC 9110, section 10.2.1); none where no route has the
 * path. HEAD is taken wherever GET is, OPTIONS everywhere: a browser asks by it before it sends.
 */
export function allowedMethods(routes: readonly MethodRoute[], path: string): readonly string[] {
	const parts = path.split("/");
	const own = routes.filter((route) => route.method !== "ALL" && matches(route.path.split("/"), parts));
	if (own.length === 0) return [];
	const methods = new Set(own.map((route) => route.method));
	if (methods.has("GET")) methods.add("HEAD");
	return [...methods, "OPTIONS"];
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
	return (
		pattern.length === parts.length &&
		pattern.every((part, index) => part === parts[index] || isFilled(part, parts[index]))
	);
}

function isFilled(part: string, value: string | undefined): boolean {
	return part.startsWith(":") && value !== "";
}
