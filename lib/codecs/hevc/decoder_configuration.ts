import { ByteReader, ByteWriter } from "#bytes";
import { FormatError } from "#errors";

/** Profile, tier and level of a stream: H.265 section 7.3.3. */
export interface HevcProfile {
  /** 0 to 3; 0 for all profiles of the specification itself. */
  readonly profileSpace: number;
  readonly isHighTier: boolean;
  readonly profileIdc: number;
  /** general_profile_compatibility_flag[0] is bit 31. */
  readonly compatibilityFlags: number;
  /** The six bytes from general_progressive_source_flag on. */
  readonly constraintFlags: Uint8Array;
  /** 30 times the level. */
  readonly levelIdc: number;
}

/** Parameter sets or SEI messages of one kind. */
export interface HevcNalUnitArray {
  readonly nalUnitType: number;
  /** Whether all such NAL units are here, and none in the packets. */
  readonly isComplete: boolean;
  /** NAL unit headers included. */
  readonly nalUnits: readonly Uint8Array[];
}

/** How a decoder is set up: HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 8.3.3.1. */
export interface HevcDecoderConfiguration {
  readonly profile: HevcProfile;
  readonly minSpatialSegmentation: number;
  readonly parallelismType: number;
  /** 0 monochrome, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** In frames per 256 s; 0 where it is not told. */
  readonly averageFrameRate: number;
  /** constantFrameRate, numTemporalLayers and temporalIdNested as they are: bits 7 to 2 of their byte. */
  readonly temporalFlags: number;
  /** Bytes of the length before each NAL unit in packets: 1, 2 or 4. */
  readonly nalLengthSize: number;
  readonly arrays: readonly HevcNalUnitArray[];
}

/**
 * Decodes the payload of an HEVC configuration packet.
 *
 * @param bytes Kept: the NAL units are views of it.
 * @throws {FormatError} If the record is cut off or of another version.
 */
export function decodeHevcDecoderConfiguration(bytes: Uint8Array): HevcDecoderConfiguration {
  const reader = new ByteReader(bytes);
  const version = reader.u8("HEVC configuration version");
  // drafts of the format had version 0
  if (version > 1) {
    throw new FormatError(`Cannot read HEVC configuration: version ${version} at offset 0, expected 1`, {
      offset: 0,
    });
  }
  const profile = readProfile(reader);
  const minSpatialSegmentation = reader.u16("min_spatial_segmentation_idc") & 0x0fff;
  const parallelismType = reader.u8("parallelismType") & 3;
  const chromaFormatIdc = reader.u8("chromaFormat") & 3;
  const bitDepthLuma = (reader.u8("bitDepthLumaMinus8") & 7) + 8;
  const bitDepthChroma = (reader.u8("bitDepthChromaMinus8") & 7) + 8;
  const averageFrameRate = reader.u16("avgFrameRate");
  const flags = reader.u8("temporal layers");
  const arrays: HevcNalUnitArray[] = [];
  for (let count = reader.u8("numOfArrays"); count > 0; count--) arrays.push(readArray(reader));
  return {
    profile,
    minSpatialSegmentation,
    parallelismType,
    chromaFormatIdc,
    bitDepthLuma,
    bitDepthChroma,
    averageFrameRate,
    temporalFlags: flags & 0xfc,
    nalLengthSize: (flags & 3) + 1,
    arrays,
  };
}

/**
 * Encodes a configuration, reserved bits set as the format wants them.
 *
 * @returns Bytes owned by the caller.
 */
export function encodeHevcDecoderConfiguration(
  configuration: HevcDecoderConfiguration,
): Uint8Array<ArrayBuffer> {
  const { profile } = configuration;
  const writer = new ByteWriter();
  writer.u8(1).u8(profile.profileSpace << 6 | (profile.isHighTier ? 0x20 : 0) | profile.profileIdc);
  writer.u32(profile.compatibilityFlags).bytes(profile.constraintFlags).u8(profile.levelIdc);
  writer.u16(0xf000 | configuration.minSpatialSegmentation).u8(0xfc | configuration.parallelismType);
  writer.u8(0xfc | configuration.chromaFormatIdc);
  writer.u8(0xf8 | configuration.bitDepthLuma - 8).u8(0xf8 | configuration.bitDepthChroma - 8);
  writer.u16(configuration.averageFrameRate);
  writer.u8(configuration.temporalFlags | configuration.nalLengthSize - 1);
  writer.u8(configuration.arrays.length);
  for (const { nalUnitType, isComplete, nalUnits } of configuration.arrays) {
    writer.u8((isComplete ? 0x80 : 0) | nalUnitType).u16(nalUnits.length);
    for (const nalUnit of nalUnits) writer.u16(nalUnit.length).bytes(nalUnit);
  }
  return writer.take();
}

function readProfile(reader: ByteReader): HevcProfile {
  const first = reader.u8("general_profile_idc");
  return {
    profileSpace: first >> 6,
    isHighTier: (first & 0x20) !== 0,
    profileIdc: first & 0x1f,
    compatibilityFlags: reader.u32("general_profile_compatibility_flags"),
    constraintFlags: reader.bytes(6, "general_constraint_indicator_flags"),
    levelIdc: reader.u8("general_level_idc"),
  };
}

function readArray(reader: ByteReader): HevcNalUnitArray {
  const first = reader.u8("NAL unit array");
  const nalUnits: Uint8Array[] = [];
  for (let count = reader.u16("number of NAL units"); count > 0; count--) {
    nalUnits.push(reader.bytes(reader.u16("NAL unit length"), "NAL unit"));
  }
  return { nalUnitType: first & 0x3f, isComplete: (first & 0x80) !== 0, nalUnits };
}
