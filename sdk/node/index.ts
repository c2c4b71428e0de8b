/**
 * `aerogram/node`: raw TCP, in Node alone.
 *
 *     const connection = await connect("127.0.0.1", 9999);
 *     console.log(await connection.exchange({ name: "you", message: "hello" }));
 *     connection.close();
 */
export type { Json } from "../../protocol/envelopes.ts";
export type { Clock } from "../clock.ts";
export { AerogramError, type AerogramErrorCode, isAerogramError } from "../errors.ts";
export { connect, type TcpOptions } from "./connect.ts";
export type { TcpConnection, TcpWait } from "./tcp-connection.ts";
export type { TcpFormat } from "./tcp-writer.ts";
