/**
 * The seam between RTMP and streams (layer 5): messages become packets of a publisher, and the log of a stream
 * becomes the bytes of its players.
 *
 * ```ts
 * import { RtmpWire } from "#bridges/rtmp";
 * import { LEGACY_DIALECT } from "#mediaformats/flv";
 *
 * const wire = new RtmpWire({ messageStreamId: 1, dialect: LEGACY_DIALECT, hasAudio: true, hasVideo: true });
 * console.log(wire.key); // rtmp/1/legacy/av
 * ```
 *
 * @module
 */
export { ENHANCED_PROPERTIES, LiveRtmpApplication } from "./live_rtmp_application.ts";
export type {
  LiveRtmpOptions,
  RtmpAccess,
  RtmpCall,
  RtmpConnectVerdict,
  RtmpHeardMessage,
  RtmpPeerConnection,
  RtmpSharedObjects,
  RtmpStreamCommand,
} from "./live_rtmp_application.ts";
export { PlayerTurns } from "./player_turns.ts";
export type { PlayerPlace } from "./player_turns.ts";
export type {
  RecordedPlayer,
  RecordedPlayOptions,
  RecordedStream,
  RecordedStreams,
  RecordedWish,
} from "./recorded_streams.ts";
export type { PublishRecorder, PublishRecordingEvent } from "./publish_recorder.ts";
export { ReconnectRequests } from "./reconnect_requests.ts";
export type { DrainOptions } from "./reconnect_requests.ts";
export { MAX_RTMP_STEP_BACK_MS, RtmpToStream } from "./rtmp_to_stream.ts";
export type { PacketSink } from "./rtmp_to_stream.ts";
export { rtmpTimestamp, RtmpWire } from "./wire/rtmp_wire.ts";
export type { RtmpWireOptions } from "./wire/rtmp_wire.ts";
export { dialectOf } from "./wire/player_dialect.ts";
export { sendOnStream } from "./wire/stream_data.ts";
export type { StreamMessage } from "./wire/stream_data.ts";
export { StreamToRtmp } from "./stream_to_rtmp.ts";
