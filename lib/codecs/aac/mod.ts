/**
 * AAC (layer 3): the AudioSpecificConfig, and the streams that carry AAC outside of files: ADTS and LOAS/LATM.
 *
 * ```ts
 * import { describeAac } from "#codecs/aac";
 *
 * const track = describeAac(new Uint8Array([0x12, 0x10]));
 * console.log(track.codecString, track.sampleRate, track.channels); // mp4a.40.2 44100 2
 * ```
 *
 * @module
 */
export { decodeAudioSpecificConfig } from "./audio_specific_config.ts";
export type { AudioSpecificConfig } from "./audio_specific_config.ts";
export { describeAac } from "./describe.ts";
export {
  ADTS_HEADER_BYTES,
  audioSpecificConfigFromAdts,
  decodeAdtsHeader,
  encodeAdtsHeader,
  MAX_ADTS_FRAME_BYTES,
  readAdtsHeader,
} from "./adts.ts";
export type { AdtsHeader } from "./adts.ts";
export { AdtsReader } from "./adts_reader.ts";
export type { AdtsFrame } from "./adts_reader.ts";
export { LoasReader } from "./loas_reader.ts";
export type { LoasFrame } from "./loas_reader.ts";
export type { StreamMuxConfig } from "./stream_mux_config.ts";
export { encodeStreamMuxConfig } from "./stream_mux_config.ts";
export { AacRtpDepacketizer, AacRtpPacketizer, parseAacConfig } from "./rtp_payload.ts";
export type { AacRtpOptions } from "./rtp_payload.ts";
export { LatmRtpDepacketizer, LatmRtpPacketizer } from "./latm_rtp_payload.ts";
export type { LatmRtpOptions } from "./latm_rtp_payload.ts";
