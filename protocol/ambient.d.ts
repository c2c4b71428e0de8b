// The only two classes of the platforms that the wire needs. Declared here, not taken from a library of types, so that
// nothing else of any platform can be named in this folder.

declare class TextEncoder {
	encode(text: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
	constructor(label: string, options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean });
	decode(bytes: Uint8Array): string;
}
