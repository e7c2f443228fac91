/** What a NAL unit holds: H.264 table 7-1. */
export const AVC_NAL_UNIT_TYPE = {
  Slice: 1,
  PartitionA: 2,
  PartitionB: 3,
  PartitionC: 4,
  Idr: 5,
  Sei: 6,
  Sps: 7,
  Pps: 8,
  AccessUnitDelimiter: 9,
  EndOfSequence: 10,
  EndOfStream: 11,
  FillerData: 12,
  SpsExtension: 13,
  Prefix: 14,
  SubsetSps: 15,
  AuxiliarySlice: 19,
  SliceExtension: 20,
} as const;

/** One of `AVC_NAL_UNIT_TYPE`. */
export type AvcNalUnitType = typeof AVC_NAL_UNIT_TYPE[keyof typeof AVC_NAL_UNIT_TYPE];

/**
 * Type of the NAL unit that begins with `firstByte`: H.264 section 7.3.1.
 *
 * @returns 0 to 31; see `AVC_NAL_UNIT_TYPE`.
 */
export function avcNalUnitType(firstByte: number): number {
  return firstByte & 0x1f;
}

/** An access unit delimiter that allows every kind of slice: H.264 section 7.3.2.4. */
export const AVC_ACCESS_UNIT_DELIMITER: readonly number[] = [0x09, 0xf0];
