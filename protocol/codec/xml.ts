export { parseXml } from "./xml-read.ts";
export { writeXml } from "./xml-write.ts";
