import { ByteReader, ByteWriter } from "#bytes";
import { FormatError } from "#errors";

/** How a decoder is set up: AVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 5.3.3.1. */
export interface AvcDecoderConfiguration {
  readonly profileIdc: number;
  /** constraint_set0_flag is bit 7. */
  readonly constraintFlags: number;
  readonly levelIdc: number;
  /** Bytes of the length before each NAL unit in packets: 1, 2 or 4. */
  readonly nalLengthSize: number;
  /** Sequence parameter sets, NAL unit headers included. */
  readonly sps: readonly Uint8Array[];
  /** Picture parameter sets, NAL unit headers included. */
  readonly pps: readonly Uint8Array[];
  /** What high profiles add, byte for byte: chroma format, bit depths, parameter set extensions. */
  readonly extension: Uint8Array;
}

/**
 * Decodes the payload of an AVC configuration packet.
 *
 * @param bytes Kept: the parameter sets are views of it.
 * @throws {FormatError} If the record is cut off or of another version.
 */
export function decodeAvcDecoderConfiguration(bytes: Uint8Array): AvcDecoderConfiguration {
  const reader = new ByteReader(bytes);
  const version = reader.u8("AVC configuration version");
  if (version !== 1) {
    throw new FormatError(`Cannot read AVC configuration: version ${version} at offset 0, expected 1`, {
      offset: 0,
    });
  }
  const profileIdc = reader.u8("AVC profile");
  const constraintFlags = reader.u8("AVC constraint flags");
  const levelIdc = reader.u8("AVC level");
  const nalLengthSize = (reader.u8("NAL length size") & 3) + 1;
  const sps = readParameterSets(reader, reader.u8("number of SPS") & 0x1f);
  const pps = readParameterSets(reader, reader.u8("number of PPS"));
  const extension = reader.bytes(reader.remaining, "AVC configuration extension");
  return { profileIdc, constraintFlags, levelIdc, nalLengthSize, sps, pps, extension };
}

/**
 * Encodes a configuration.
 *
 * @returns Bytes owned by the caller.
 */
export function encodeAvcDecoderConfiguration(
  configuration: AvcDecoderConfiguration,
): Uint8Array<ArrayBuffer> {
  const { profileIdc, constraintFlags, levelIdc, nalLengthSize, sps, pps, extension } = configuration;
  const writer = new ByteWriter();
  writer.u8(1).u8(profileIdc).u8(constraintFlags).u8(levelIdc).u8(0xfc | nalLengthSize - 1);
  writer.u8(0xe0 | sps.length);
  for (const set of sps) writer.u16(set.length).bytes(set);
  writer.u8(pps.length);
  for (const set of pps) writer.u16(set.length).bytes(set);
  return writer.bytes(extension).take();
}

function readParameterSets(reader: ByteReader, count: number): Uint8Array[] {
  const sets: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    sets.push(reader.bytes(reader.u16("parameter set length"), "parameter set"));
  }
  return sets;
}
