import type { NalUnitRanges } from "#media";
import { HEVC_NAL_UNIT_TYPE, hevcNalUnitType } from "./nal_unit_type.ts";

/** Types below are slices: H.265 table 7-1. */
const FIRST_TYPE_WITHOUT_SLICE = 32;

/**
 * Tells where access units begin in a stream of NAL units: H.265 section 7.4.2.4.4. Units of other layers belong
 * to the access unit of the base layer's picture.
 */
export class HevcAccessUnitSplitter {
  /** Where in an access unit the next NAL unit stands. */
  #state: "start" | "beforeSlices" | "slices" = "start";

  /**
   * Takes the next NAL unit.
   *
   * @param nalUnit With its two header bytes; borrowed. What is cut off belongs to the current access unit.
   * @returns Whether it is the first of an access unit; true for the very first.
   */
  startsAccessUnit(nalUnit: Uint8Array): boolean {
    const type = hevcNalUnitType(nalUnit[0] ?? 0);
    const isSlice = type < FIRST_TYPE_WITHOUT_SLICE && nalUnit.length > 2;
    const isBaseLayer = nalUnit.length > 1 && (nalUnit[0]! & 1) === 0 && nalUnit[1]! >> 3 === 0;
    // first_slice_segment_in_pic_flag is the first bit after the header: section 7.3.6.1
    const begins = isBaseLayer && (isSlice ? (nalUnit[2]! & 0x80) !== 0 : beginsAccessUnit(type));
    const starts = this.#state === "start" || this.#state === "slices" && begins;
    if (isSlice) this.#state = "slices";
    else if (starts) this.#state = "beforeSlices";
    return starts;
  }

  /** Starts anew, as after a gap. */
  reset(): void {
    this.#state = "start";
  }
}

/** Kinds that come before the slices of their picture: section 7.4.2.4.4. */
function beginsAccessUnit(type: number): boolean {
  return type >= HEVC_NAL_UNIT_TYPE.Vps && type <= HEVC_NAL_UNIT_TYPE.AccessUnitDelimiter ||
    type === HEVC_NAL_UNIT_TYPE.PrefixSei || type >= 41 && type <= 44 || type >= 48 && type <= 55;
}

/**
 * Returns whether decoding can start at an access unit: its slices are of an intra random access point, types
 * 16 to 23 of H.265 table 7-1.
 *
 * @param accessUnit Borrowed.
 * @param ranges Of its NAL units.
 */
export function isHevcKeyFrame(accessUnit: Uint8Array, ranges: NalUnitRanges): boolean {
  for (let index = 0; index < ranges.length; index += 2) {
    const type = hevcNalUnitType(accessUnit[ranges[index]!]!);
    if (type < FIRST_TYPE_WITHOUT_SLICE) return type >= 16 && type <= 23;
  }
  return false;
}
