import { encodePacket } from "../../protocol/codec/packet.ts";
import { writeXml } from "../../protocol/codec/xml.ts";
import { takeSnapshot, writeJson } from "../snapshot.ts";

/** How values are written: each as a line of JSON, as a line of XML, or as a packet with a JSON body. */
export type TcpFormat = "json" | "xml" | "packet";

const encoder = new TextEncoder();

/**
 * Writes a value. Throws `not_json`.
 *
 * The line end is for servers that read lines; those that read what came parse it as white space. JSON is written in ASCII
 * for a server of another encoding than UTF-8: whatever that is, it reads the same value.
 */
export function writeValue(value: unknown, format: TcpFormat, ascii: boolean): Uint8Array {
	if (format === "packet") return encodePacket("message", "json", writeJson(value));
	if (format === "xml") return encoder.encode(`${writeXml(takeSnapshot(value).data, "exchange")}\n`);
	const text = writeJson(value);
	return encoder.encode(`${ascii ? text.replace(/[\u0080-\uffff]/g, escapeUnit) : text}\n`);
}

function escapeUnit(unit: string): string {
	return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
