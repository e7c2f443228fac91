/**
 * The seam between streams and MPEG-TS (layer 5): live transport streams in, viewers of them, and datagrams at
 * the pace of their clock.
 *
 * ```ts
 * import { TsWire } from "#bridges/ts";
 * import { EMPTY_STREAM_HEADER } from "#streaming";
 *
 * const wire = new TsWire();
 * wire.follow({ ...EMPTY_STREAM_HEADER, hasAudio: true });
 * const payload = new Uint8Array([0xff, 0xfb, 0x90, 0]);
 * const frame = { kind: "audio", trackId: 0, codec: ".mp3", role: "media", isKeyFrame: true } as const;
 * console.log(wire.encodedBytes({ ...frame, dtsUs: 0, ptsUs: 0, payload }) % 188); // 0
 * ```
 *
 * @module
 */
export { MAX_TRACK_WAIT_BYTES, MAX_TRACK_WAIT_US, TsToStream } from "./ts_to_stream.ts";
export { ClockPacer, DATAGRAM_PACKETS } from "./clock_pacer.ts";
export type { ClockPacerOptions } from "./clock_pacer.ts";
export {
  MAX_TS_REORDER_MS,
  RTP_PAYLOAD_TYPE_MP2T,
  RtpDatagramReader,
  RtpDatagramWriter,
} from "./rtp_datagrams.ts";
export { TsPush } from "./ts_push.ts";
export type { TsPushOptions } from "./ts_push.ts";
export { TsWire } from "./ts_wire.ts";
