import { ByteReader, ByteWriter } from "#bytes";
import { FormatError } from "#errors";
import type { TrackDescription } from "#media";
import { decodeAv1SequenceHeader, findAv1SequenceHeader } from "./sequence_header.ts";
import { AV1_UNIT_TYPE } from "./units.ts";

/** How a decoder is set up: AV1CodecConfigurationRecord, AV1 in ISOBMFF section 2.3.3. */
export interface Av1CodecConfiguration {
  /** 0 Main, 1 High, 2 Professional. */
  readonly profile: number;
  /** Of operating point 0: level 2.0 is 0, 2.1 is 1, 3.0 is 4. */
  readonly levelIndex: number;
  readonly isHighTier: boolean;
  /** 8, 10 or 12. */
  readonly bitDepth: number;
  readonly isMonochrome: boolean;
  /** Open bitstream units, usually one sequence header; may be empty. */
  readonly units: Uint8Array;
}

const PROFILE_NAME: readonly (string | undefined)[] = ["Main", "High", "Professional"];
/** Marker bit and version. */
const MARKER_AND_VERSION = 0x81;

/**
 * Decodes the payload of an AV1 configuration packet.
 *
 * @param bytes Kept: `units` is a view of it.
 * @throws {FormatError} If the record is cut off or of another version.
 */
export function decodeAv1CodecConfiguration(bytes: Uint8Array): Av1CodecConfiguration {
  const reader = new ByteReader(bytes);
  const first = reader.u8("AV1 configuration version");
  if (first !== MARKER_AND_VERSION) {
    throw new FormatError(
      `Cannot read AV1 configuration: first byte ${first}, expected ${MARKER_AND_VERSION}`,
      {
        offset: 0,
      },
    );
  }
  const profileAndLevel = reader.u8("seq_profile");
  const flags = reader.u8("AV1 configuration flags");
  reader.skip(1, "initial_presentation_delay");
  const isHighBitDepth = (flags & 0x40) !== 0;
  const isTwelveBit = (flags & 0x20) !== 0;
  return {
    profile: profileAndLevel >> 5,
    levelIndex: profileAndLevel & 0x1f,
    isHighTier: (flags & 0x80) !== 0,
    bitDepth: isHighBitDepth ? isTwelveBit ? 12 : 10 : 8,
    isMonochrome: (flags & 0x10) !== 0,
    units: reader.bytes(reader.remaining, "configOBUs"),
  };
}

/**
 * Builds the AV1CodecConfigurationRecord of a temporal unit that has a sequence header.
 *
 * @param units Low-overhead format; borrowed.
 * @returns Bytes owned by the caller; `undefined` if there is no sequence header.
 * @throws {FormatError} If a unit is cut off, or the sequence header malformed.
 * @throws {LimitError} If the picture is larger than `MAX_VIDEO_DIMENSION_PIXELS`.
 */
export function av1cFromUnits(units: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const unit = findAv1SequenceHeader(units);
  const sequence = decodeAv1SequenceHeader(units);
  if (unit === undefined || sequence === undefined) return undefined;
  const { profile, levelIndex, isHighTier, color } = sequence;
  // a unit that ends its array may lack its size: it is written with one
  const payload = units.subarray(unit.payloadStart, unit.end);
  const writer = new ByteWriter();
  writer.u8(MARKER_AND_VERSION).u8(profile << 5 | levelIndex);
  writer.u8(
    (isHighTier ? 0x80 : 0) | (color.bitDepth > 8 ? 0x40 : 0) | (color.bitDepth === 12 ? 0x20 : 0) |
      (color.isMonochrome ? 0x10 : 0) | (color.halvesWidth ? 8 : 0) | (color.halvesHeight ? 4 : 0) |
      color.chromaSamplePosition,
  );
  writer.u8(0).u8(AV1_UNIT_TYPE.SequenceHeader << 3 | 2);
  let size = payload.length;
  for (; size >= 0x80; size >>>= 7) writer.u8(size & 0x7f | 0x80);
  return writer.u8(size).bytes(payload).take();
}

/**
 * Describes the track of an AV1 configuration. The codec string is that of AV1 in ISOBMFF section 5.
 *
 * @param configuration Payload of a configuration packet; borrowed.
 * @throws {FormatError} If it is malformed.
 * @throws {LimitError} If the picture is larger than the limits.
 */
export function describeAv1(configuration: Uint8Array): TrackDescription {
  const { profile, levelIndex, isHighTier, bitDepth, units } = decodeAv1CodecConfiguration(configuration);
  const sequence = decodeAv1SequenceHeader(units);
  const level = `${String(levelIndex).padStart(2, "0")}${isHighTier ? "H" : "M"}`;
  return {
    kind: "video",
    codec: "av01",
    codecString: `av01.${profile}.${level}.${String(bitDepth).padStart(2, "0")}`,
    profile: PROFILE_NAME[profile] ?? `profile ${profile}`,
    level: `${2 + (levelIndex >> 2)}.${levelIndex & 3}`,
    ...(sequence === undefined ? {} : { width: sequence.width, height: sequence.height }),
    ...(sequence?.frameRate === undefined ? {} : { frameRate: sequence.frameRate }),
  };
}
