/**
 * A change of a value by JSON Merge Patch (RFC 7396): only the members that change, at any depth. `null` takes a member
 * away; what is not named, or is undefined, stays; a list is replaced as a whole. A member that shall be `null` is beyond
 * its means: put the whole record.
 */
export type MergePatch<Data> = Data extends readonly unknown[]
	? Data
	: Data extends object
		? { readonly [Key in keyof Data]?: MergePatch<Data[Key]> | null | undefined }
		: Data;
