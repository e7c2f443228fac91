/** What a NAL unit holds: H.265 table 7-1. Types 0 to 31 are slices. */
export const HEVC_NAL_UNIT_TYPE = {
  TrailN: 0,
  TrailR: 1,
  RadlN: 6,
  RadlR: 7,
  RaslN: 8,
  RaslR: 9,
  BlaWLp: 16,
  BlaWRadl: 17,
  BlaNLp: 18,
  IdrWRadl: 19,
  IdrNLp: 20,
  Cra: 21,
  Vps: 32,
  Sps: 33,
  Pps: 34,
  AccessUnitDelimiter: 35,
  EndOfSequence: 36,
  EndOfBitstream: 37,
  FillerData: 38,
  PrefixSei: 39,
  SuffixSei: 40,
} as const;

/** One of `HEVC_NAL_UNIT_TYPE`. */
export type HevcNalUnitType = typeof HEVC_NAL_UNIT_TYPE[keyof typeof HEVC_NAL_UNIT_TYPE];

/**
 * Type of the NAL unit that begins with `firstByte`: H.265 section 7.3.1.2.
 *
 * @returns 0 to 63; see `HEVC_NAL_UNIT_TYPE`.
 */
export function hevcNalUnitType(firstByte: number): number {
  return firstByte >> 1 & 0x3f;
}

/** An access unit delimiter that allows every kind of slice: H.265 section 7.3.2.5. */
export const HEVC_ACCESS_UNIT_DELIMITER: readonly number[] = [0x46, 0x01, 0x50];
