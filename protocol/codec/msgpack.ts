export { decodeMessagePack } from "./msgpack-read.ts";
export { encodeMessagePack } from "./msgpack-write.ts";
