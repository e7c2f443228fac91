/**
 * The streaming core (layer 4): streams, publishers and subscribers; one log per stream and wire format, with
 * many cursors.
 *
 * ```ts
 * import { systemClock } from "#clock";
 * import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
 *
 * const registry = new StreamRegistry(systemClock);
 * const stream = registry.open({ appName: "live", streamName: "a" }, STREAM_DEFAULTS);
 * const publisher = stream.publish({ origin: "example", replaced() {} })!;
 * using cursor = stream.readPackets();
 * publisher.publish({
 *   kind: "audio",
 *   trackId: 0,
 *   codec: "mp4a",
 *   role: "media",
 *   dtsUs: 0,
 *   ptsUs: 0,
 *   isKeyFrame: true,
 *   payload: new Uint8Array([0x21, 0x00]),
 * });
 * console.log(cursor.next()?.payload.length); // 2
 * ```
 *
 * @module
 */
export type { Access, AccessGrant, AccessRefusal, Peer, StreamAccess, StreamRequest } from "./access.ts";
export { FanoutLog } from "./fanout_log.ts";
export type { FanoutLogOptions, LogReader, RandomAccessPoint } from "./fanout_log.ts";
export { FlushTimer, MAX_ADAPTIVE_HOLD_MS, MergeSchedule } from "./merge_schedule.ts";
export type { MergeWrite } from "./merge_schedule.ts";
export { MAX_LOGGED_PACKETS, packetBytes, PacketCursor, PacketLog } from "./packet_log.ts";
export type { PacketLogOptions } from "./packet_log.ts";
export { Publisher } from "./publisher.ts";
export type { PublisherOptions, PublisherStatistics, PublisherStream } from "./publisher.ts";
export { Segment, SEGMENT_BYTES, SegmentPool } from "./segment.ts";
export { LAG_CHECK_MS, MAX_STREAM_LOGS, Stream, STREAM_DEFAULTS } from "./stream.ts";
export { MAX_HEADER_BYTES, MAX_KEPT_CONFIGS } from "./stream_header.ts";
export type { StreamContext, StreamOptions, StreamPath } from "./stream.ts";
export { formatStreamPath, StreamRegistry } from "./stream_registry.ts";
export { Subscriber } from "./subscriber.ts";
export type { SubscriberOptions, SubscriberSink } from "./subscriber.ts";
export { EMPTY_STREAM_HEADER } from "./wire_format.ts";
export type { StreamHeader, WireFormat } from "./wire_format.ts";
