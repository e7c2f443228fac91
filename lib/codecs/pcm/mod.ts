/**
 * Linear PCM (layer 3): what samples are, and how they come in RTP.
 *
 * ```ts
 * import { decodeLpcmConfig, encodeLpcmConfig } from "#codecs/pcm";
 *
 * const config = encodeLpcmConfig({ bitsPerSample: 24, channels: 2, sampleRate: 48_000 });
 * console.log(decodeLpcmConfig(config).sampleRate); // 48000
 * ```
 *
 * @module
 */
export {
  decodeLpcmConfig,
  describeLpcm,
  encodeLpcmConfig,
  MAX_LPCM_CHANNELS,
  MAX_LPCM_SAMPLE_RATE_HZ,
} from "./lpcm_config.ts";
export type { LpcmConfig } from "./lpcm_config.ts";
export { LpcmRtpDepacketizer } from "./rtp_payload.ts";
