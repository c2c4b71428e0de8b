/**
 * The public surface. Not exported, on purpose: what a space is made of (session, connection, publisher, feeds), because
 * any of it may change; the classes `Space` and `Channel` as values, because only a client makes spaces and only a space
 * makes channels; the wire's codecs, which belong to `docs/reference/protocol.md` and not to an application.
 */

export type { Json, Message, ResetReason } from "../protocol/envelopes.ts";
export type { ErrorCode } from "../protocol/errors.ts";
export type { Durations } from "../protocol/limits.ts";
export type { Position } from "../protocol/position.ts";
export type { Channel, From, PublishOptions, SubscribeOptions } from "./channel.ts";
export { Aerogram } from "./client.ts";
export type { Clock } from "./clock.ts";
export type { ConnectionState, StateChange } from "./connection.ts";
export { AerogramError, type AerogramErrorCode, type AerogramErrorFacts, isAerogramError } from "./errors.ts";
export type { ChannelGap } from "./feed.ts";
export type { HistoryOptions, HistoryPage, Place } from "./http.ts";
export type { Gap } from "./inbox.ts";
export type { AerogramOptions } from "./options.ts";
export type { Published } from "./publisher.ts";
export type { Mark } from "./recovery.ts";
export type { Space, SpaceEvents } from "./space.ts";
export type { MessageCallback, Subscription } from "./subscription.ts";
export type { Transport, TransportEvents, TransportFactory } from "./transports/port.ts";
export type { WebSocketConstructor, WebSocketLike } from "./transports/websocket.ts";
