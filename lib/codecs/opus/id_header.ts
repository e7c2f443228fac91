import { ByteReader } from "#bytes";
import { FormatError } from "#errors";
import type { TrackDescription } from "#media";

/** How a decoder is set up: identification header, RFC 7845 section 5.1. */
export interface OpusIdHeader {
  readonly channels: number;
  /** Samples at 48 kHz to drop at the start. */
  readonly preSkip: number;
  /** Of the encoder's input, in Hz; decoders put out 48 kHz whatever it says. */
  readonly inputSampleRate: number;
  /** Gain to apply, in dB times 256. */
  readonly outputGain: number;
  /** 0 mono or stereo, 1 surround in Vorbis order, 255 undefined. */
  readonly mappingFamily: number;
}

const MAGIC = "OpusHead";
const DECODER_SAMPLE_RATE = 48_000;

/**
 * Decodes the payload of an Opus configuration packet.
 *
 * @param bytes Borrowed.
 * @throws {FormatError} If it is cut off, or of another major version.
 */
export function decodeOpusIdHeader(bytes: Uint8Array): OpusIdHeader {
  const reader = new ByteReader(bytes);
  const magic = reader.utf8(MAGIC.length, "Opus magic");
  const version = reader.u8("Opus version");
  // the upper half is the major version, which stays 0
  if (magic !== MAGIC || version >> 4 !== 0) {
    throw new FormatError(
      `Cannot read Opus header: magic "${magic}" version ${version}, expected "${MAGIC}" 1`,
      {
        offset: 0,
      },
    );
  }
  const channels = reader.u8("Opus channels");
  const [low, high] = reader.bytes(2, "Opus pre-skip");
  const inputSampleRate = reader.u32Le("Opus input sample rate");
  const [gainLow, gainHigh] = reader.bytes(2, "Opus output gain");
  return {
    channels,
    preSkip: low! | high! << 8,
    inputSampleRate,
    outputGain: (gainLow! | gainHigh! << 8) << 16 >> 16,
    mappingFamily: reader.u8("Opus mapping family"),
  };
}

/**
 * Describes the track of an Opus configuration. One without bytes, which Enhanced RTMP allows, tells the
 * rate only.
 *
 * @param configuration Payload of a configuration packet; borrowed.
 * @throws {FormatError} If it is malformed.
 */
export function describeOpus(configuration: Uint8Array): TrackDescription {
  const track = {
    kind: "audio",
    codec: "Opus",
    codecString: "opus",
    sampleRate: DECODER_SAMPLE_RATE,
  } as const;
  return configuration.length === 0
    ? track
    : { ...track, channels: decodeOpusIdHeader(configuration).channels };
}
