import { ByteReader } from "#bytes";
import type { CodecId, TrackDescription } from "#media";

/** How a decoder is set up: VPCodecConfigurationRecord, VP Codec ISO Media File Format Binding. */
export interface VpCodecConfiguration {
  readonly profile: number;
  /** Ten times the level. */
  readonly level: number;
  readonly bitDepth: number;
  /** 0 and 1 are 4:2:0, 2 is 4:2:2, 3 is 4:4:4. */
  readonly chromaSubsampling: number;
}

/** Version 1 and flags 0, which files put before the record and some encoders send along. */
const FULL_BOX_HEADER = 0x0100_0000;
const RECORD_BYTES = 8;

/**
 * Decodes the payload of a VP8 or VP9 configuration packet, with or without the four bytes of a full box.
 *
 * @param bytes Borrowed.
 * @throws {FormatError} If the record is cut off.
 */
export function decodeVpCodecConfiguration(bytes: Uint8Array): VpCodecConfiguration {
  const reader = new ByteReader(bytes);
  const hasHeader = bytes.length >= 4 + RECORD_BYTES && reader.u32("vpcC version") === FULL_BOX_HEADER;
  if (!hasHeader) reader.offset = 0;
  const profile = reader.u8("VP profile");
  const level = reader.u8("VP level");
  const samples = reader.u8("VP bit depth");
  reader.skip(RECORD_BYTES - 3, "VP colour");
  return { profile, level, bitDepth: samples >> 4, chromaSubsampling: samples >> 1 & 7 };
}

/**
 * Encodes a configuration, colours unspecified.
 *
 * @param options `isFullRange`: whether samples use all their values; default is the studio range.
 * @returns Bytes owned by the caller, without the four bytes of a full box.
 */
export function encodeVpCodecConfiguration(
  configuration: VpCodecConfiguration,
  options: { isFullRange?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const { profile, level, bitDepth, chromaSubsampling } = configuration;
  const samples = bitDepth << 4 | chromaSubsampling << 1 | (options.isFullRange === true ? 1 : 0);
  // primaries, transfer and matrix 2: unspecified; no initialization data
  return new Uint8Array([profile, level, samples, 2, 2, 2, 0, 0]);
}

/**
 * Describes the track of a VP9 configuration; it does not tell the picture size.
 *
 * @param configuration Payload of a configuration packet; borrowed.
 * @throws {FormatError} If it is malformed.
 */
export function describeVp9(configuration: Uint8Array): TrackDescription {
  return describeVp("vp09", configuration);
}

/**
 * Describes the track of a VP8 configuration; it does not tell the picture size.
 *
 * @param configuration Payload of a configuration packet; borrowed.
 * @throws {FormatError} If it is malformed.
 */
export function describeVp8(configuration: Uint8Array): TrackDescription {
  return describeVp("vp08", configuration);
}

function describeVp(codec: CodecId, configuration: Uint8Array): TrackDescription {
  const { profile, level, bitDepth } = decodeVpCodecConfiguration(configuration);
  const parameters = [profile, level, bitDepth].map((value) => String(value).padStart(2, "0"));
  return {
    kind: "video",
    codec,
    codecString: [codec, ...parameters].join("."),
    profile: `Profile ${profile}`,
    level: (level / 10).toFixed(1),
  };
}
