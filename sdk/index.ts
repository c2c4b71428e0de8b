/**
 * The public surface. Not exported, on purpose: what a space is made of (session, connection, publisher, feeds), because
 * any of it may change; the classes `Space`, `Channel` and `Collection` as values, because only a client makes spaces and
 * only a space makes channels and collections; the wire's codecs, which belong to `docs/reference/protocol.md` and not to
 * an application.
 */

export type { Json, Message, ResetReason } from "../protocol/envelopes.ts";
export type { ErrorCode } from "../protocol/errors.ts";
export type { Durations } from "../protocol/limits.ts";
export type { LockHold } from "../protocol/locks.ts";
export type { Position } from "../protocol/position.ts";
export type { Member, MemberEvent } from "../protocol/presence.ts";
export type { CallContext, CallHandler, CallOptions, ServeOptions, Serving } from "./call-options.ts";
export type { Channel, From, PublishOptions, SubscribeOptions } from "./channel.ts";
export { Aerogram } from "./client.ts";
export type { Clock } from "./clock.ts";
export type {
	Collection,
	ConditionOptions,
	CreateOptions,
	ListOptions,
	PatchOptions,
	PutOptions,
	RecordOptions,
	RecordPage,
	WriteOptions,
} from "./collection.ts";
export type { ConnectionState, StateChange } from "./connection.ts";
export {
	AerogramError,
	type AerogramErrorCode,
	type AerogramErrorFacts,
	isAerogramError,
	type ProblemState,
} from "./errors.ts";
export type { ChannelGap } from "./feed.ts";
export type { HistoryOptions, HistoryPage, Place } from "./http/history.ts";
export type { Http } from "./http/http.ts";
export type { Lock, LockOptions } from "./http/lock.ts";
export type { HttpOptions, QueryValue } from "./http/request.ts";
export type { HttpResponse } from "./http/response.ts";
export type {
	Transacted,
	Transaction,
	TransactionDeleteOptions,
	TransactionOptions,
	TransactionPatchOptions,
	TransactionPublishOptions,
	TransactionPutOptions,
	TransactionResult,
} from "./http/transaction.ts";
export type { Gap } from "./inbox.ts";
export type { MembersChange, Occupancy, PresenceOptions } from "./live/presence/changes.ts";
export type { MergePatch } from "./merge-patch.ts";
export type { AerogramOptions } from "./options.ts";
export type { Presence } from "./presence.ts";
export type { PublishQueue, StoredLane, StoredPublish } from "./publish-queue.ts";
export type { Published } from "./publishing.ts";
export type { CollectionRecord, JsonObject } from "./record.ts";
export type {
	ChangeCallback,
	CollectionChange,
	LiveOptions,
	LiveRecords,
	LiveRecordsEvents,
	RecordWatch,
	WatchedRecords,
	WatchGap,
	WatchOptions,
	WatchPosition,
} from "./record-watch.ts";
export type { Mark } from "./recovery.ts";
export type { ChannelMessage, Space, SpaceEvents } from "./space.ts";
export type { GapPolicy, MessageCallback, Subscription } from "./subscribing.ts";
export type { TransportName } from "./transports/choose.ts";
export type { Transport, TransportEvents, TransportFactory } from "./transports/port.ts";
export type { FrameCodec, WebSocketConstructor, WebSocketLike } from "./transports/websocket.ts";
