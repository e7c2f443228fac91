import { ByteReader } from "#bytes";
import { FormatError } from "#errors";
import type { TrackDescription } from "#media";

/** How a decoder is set up: streaminfo block, RFC 9639 section 8.2. */
export interface FlacStreaminfo {
  readonly minBlockSamples: number;
  readonly maxBlockSamples: number;
  /** In Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly bitsPerSample: number;
}

const MAGIC = "fLaC";
const STREAM_INFO_TYPE = 0;
const STREAM_INFO_BYTES = 34;

/**
 * Decodes the payload of a FLAC configuration packet: the magic `fLaC`, and the streaminfo block with its
 * header.
 *
 * @param bytes Borrowed.
 * @throws {FormatError} If it is cut off, or does not begin with these.
 */
export function decodeFlacStreaminfo(bytes: Uint8Array): FlacStreaminfo {
  const reader = new ByteReader(bytes);
  const magic = reader.utf8(MAGIC.length, "FLAC magic");
  const type = reader.u8("FLAC block type") & 0x7f;
  const length = reader.u24("FLAC block length");
  if (magic !== MAGIC || type !== STREAM_INFO_TYPE || length < STREAM_INFO_BYTES) {
    throw new FormatError(
      `Cannot read FLAC header: "${magic}", block type ${type} of ${length} bytes, expected streaminfo`,
      { offset: 0 },
    );
  }
  const minBlockSamples = reader.u16("minimum block size");
  const maxBlockSamples = reader.u16("maximum block size");
  reader.skip(6, "frame sizes");
  // 20 bits sample rate, 3 bits channels - 1, 5 bits bits per sample - 1, 36 bits number of samples
  const packed = reader.u32("FLAC sample format");
  reader.skip(20, "FLAC samples and MD5");
  return {
    minBlockSamples,
    maxBlockSamples,
    sampleRate: packed >>> 12,
    channels: (packed >>> 9 & 7) + 1,
    bitsPerSample: (packed >>> 4 & 31) + 1,
  };
}

/**
 * Describes the track of a FLAC configuration.
 *
 * @param configuration Payload of a configuration packet; borrowed.
 * @throws {FormatError} If it is malformed.
 */
export function describeFlac(configuration: Uint8Array): TrackDescription {
  const { sampleRate, channels } = decodeFlacStreaminfo(configuration);
  return { kind: "audio", codec: "fLaC", codecString: "flac", sampleRate, channels };
}
