import { FormatError } from "#errors";
import type { TrackDescription } from "#media";

/** What samples are: the configuration of `lpcm`. */
export interface LpcmConfig {
  /** 16 or 24; big-endian and signed, as RTP has them. */
  readonly bitsPerSample: 16 | 24;
  /** 1 to 32. */
  readonly channels: number;
  /** In Hz, 1 to 768,000. */
  readonly sampleRate: number;
}

/** Most channels that are believed. */
export const MAX_LPCM_CHANNELS = 32;
/** Highest sample rate that is believed, in Hz. */
export const MAX_LPCM_SAMPLE_RATE_HZ = 768_000;

const CONFIG_BYTES = 6;

/**
 * Encodes a configuration: bits, channels, then the rate in 32 bits. No container has one; it is this library's own.
 *
 * @throws {FormatError} If a value is out of range.
 */
export function encodeLpcmConfig(config: LpcmConfig): Uint8Array<ArrayBuffer> {
  check(config);
  const bytes = new Uint8Array(CONFIG_BYTES);
  bytes.set([config.bitsPerSample, config.channels]);
  new DataView(bytes.buffer).setUint32(2, config.sampleRate);
  return bytes;
}

/**
 * Decodes a configuration.
 *
 * @throws {FormatError} If it is cut off, or a value is out of range.
 */
export function decodeLpcmConfig(bytes: Uint8Array): LpcmConfig {
  if (bytes.length < CONFIG_BYTES) {
    throw new FormatError(
      `Cannot read LPCM configuration: need ${CONFIG_BYTES} bytes, have ${bytes.length}`,
      {
        offset: 0,
      },
    );
  }
  const sampleRate = new DataView(bytes.buffer, bytes.byteOffset).getUint32(2);
  return check({ bitsPerSample: bytes[0] as 16 | 24, channels: bytes[1]!, sampleRate });
}

function check(config: LpcmConfig): LpcmConfig {
  const { bitsPerSample, channels, sampleRate } = config;
  const isRight = (bitsPerSample === 16 || bitsPerSample === 24) && channels >= 1 &&
    channels <= MAX_LPCM_CHANNELS && sampleRate >= 1 && sampleRate <= MAX_LPCM_SAMPLE_RATE_HZ;
  if (isRight) return config;
  throw new FormatError(
    `Cannot use LPCM: ${bitsPerSample} bits, ${channels} channels, ${sampleRate} Hz; it takes 16 or 24 bits, ` +
      `${MAX_LPCM_CHANNELS} channels, ${MAX_LPCM_SAMPLE_RATE_HZ} Hz`,
    { offset: 0 },
  );
}

/**
 * Describes the track of a configuration.
 *
 * @throws {FormatError} If it is malformed.
 */
export function describeLpcm(bytes: Uint8Array): TrackDescription {
  const { bitsPerSample, channels, sampleRate } = decodeLpcmConfig(bytes);
  return { kind: "audio", codec: "lpcm", codecString: `pcm-s${bitsPerSample}be`, sampleRate, channels };
}
