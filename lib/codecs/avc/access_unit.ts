import { BitReader } from "#bytes";
import { FormatError, LimitError } from "#errors";
import { type NalUnitRanges, unescapeNalUnit } from "#media";
import { AVC_NAL_UNIT_TYPE, avcNalUnitType } from "./nal_unit_type.ts";
import { type AvcSps, decodeAvcSps } from "./sps.ts";

/** Bytes of a slice that hold all that tells pictures apart; the fields have less than 200 bits. */
const SLICE_HEADER_BYTES = 48;
/** Ids of picture parameter sets end here: H.264 section 7.4.2.2. */
const MAX_PPS_ID = 255;

/** What tells the slices of one picture from those of the next: H.264 section 7.4.1.2.4. */
interface SliceIdentity {
  readonly firstMacroblock: number;
  readonly isIdr: boolean;
  readonly isReference: boolean;
  readonly ppsId: number;
  /** frame_num, field flags, idr_pic_id and the picture order count fields; empty where no SPS was seen. */
  readonly numbers: readonly number[];
}

interface Pps {
  readonly spsId: number;
  /** bottom_field_pic_order_in_frame_present_flag. */
  readonly hasBottomOrder: boolean;
}

/**
 * Tells where access units begin in a stream of NAL units: H.264 sections 7.4.1.2.3 and 7.4.1.2.4. Each field
 * of a field pair is an access unit of its own, as the specification has it.
 *
 * Parameter sets that pass by are noted. Before the first of them a slice begins a picture if its first
 * macroblock does not come after that of the slice before.
 */
export class AvcAccessUnitSplitter {
  readonly #sps = new Map<number, AvcSps>();
  readonly #pps = new Map<number, Pps>();
  /** Where in an access unit the next NAL unit stands. */
  #state: "start" | "beforeSlices" | "slices" = "start";
  /** The slice before; of this access unit in state `slices`. */
  #last: SliceIdentity | undefined;

  /**
   * Takes the next NAL unit.
   *
   * @param nalUnit With its header byte; borrowed. What is malformed belongs to the current access unit.
   * @returns Whether it is the first of an access unit; true for the very first.
   */
  startsAccessUnit(nalUnit: Uint8Array): boolean {
    const type = avcNalUnitType(nalUnit[0] ?? 0);
    const slice = HAS_SLICE_HEADER.has(type) ? this.#readSlice(nalUnit) : undefined;
    if (type === AVC_NAL_UNIT_TYPE.Sps) this.#noteSps(nalUnit);
    else if (type === AVC_NAL_UNIT_TYPE.Pps) this.#notePps(nalUnit);
    const starts = this.#state === "start" ||
      this.#state === "slices" &&
        (slice === undefined ? BEGINS_ACCESS_UNIT.has(type) : isOtherPicture(this.#last!, slice));
    if (slice !== undefined) {
      this.#last = slice;
      this.#state = "slices";
    } else if (starts) {
      this.#state = "beforeSlices";
    }
    return starts;
  }

  /** Starts anew, as after a gap; keeps the parameter sets. */
  reset(): void {
    this.#state = "start";
  }

  #noteSps(nalUnit: Uint8Array): void {
    const sps = attempt(() => decodeAvcSps(nalUnit));
    if (sps !== undefined) this.#sps.set(sps.id, sps);
  }

  #notePps(nalUnit: Uint8Array): void {
    attempt(() => {
      const bits = new BitReader(unescapeNalUnit(nalUnit.subarray(1, SLICE_HEADER_BYTES)));
      const id = bits.ue("pic_parameter_set_id");
      const spsId = bits.ue("seq_parameter_set_id");
      bits.skip(1, "entropy_coding_mode_flag");
      const hasBottomOrder = bits.flag("bottom_field_pic_order_in_frame_present_flag");
      if (id <= MAX_PPS_ID) this.#pps.set(id, { spsId, hasBottomOrder });
    });
  }

  #readSlice(nalUnit: Uint8Array): SliceIdentity | undefined {
    return attempt(() => {
      const bits = new BitReader(unescapeNalUnit(nalUnit.subarray(1, SLICE_HEADER_BYTES)));
      const firstMacroblock = bits.ue("first_mb_in_slice");
      bits.ue("slice_type");
      const ppsId = bits.ue("pic_parameter_set_id");
      const pps = this.#pps.get(ppsId);
      const sps = pps === undefined ? undefined : this.#sps.get(pps.spsId);
      const isIdr = avcNalUnitType(nalUnit[0]!) === AVC_NAL_UNIT_TYPE.Idr;
      const hasBottomOrder = pps?.hasBottomOrder === true;
      return {
        firstMacroblock,
        isIdr,
        isReference: (nalUnit[0]! & 0x60) !== 0,
        ppsId,
        numbers: sps === undefined ? [] : readNumbers(bits, { sps, isIdr, hasBottomOrder }),
      };
    });
  }
}

/** Kinds that come before the slices of their picture: section 7.4.1.2.3. */
const BEGINS_ACCESS_UNIT = new Set<number>([6, 7, 8, 9, 14, 15, 16, 17, 18]);

/** Kinds that begin with a slice header: section 7.3.2.8. */
const HAS_SLICE_HEADER = new Set<number>([
  AVC_NAL_UNIT_TYPE.Slice,
  AVC_NAL_UNIT_TYPE.PartitionA,
  AVC_NAL_UNIT_TYPE.Idr,
]);

/** Fields of the slice header from colour_plane_id on: section 7.3.3. */
function readNumbers(
  bits: BitReader,
  stream: { sps: AvcSps; isIdr: boolean; hasBottomOrder: boolean },
): number[] {
  const { sps: { order, isProgressive }, isIdr, hasBottomOrder } = stream;
  if (order.isSeparatePlanes) bits.skip(2, "colour_plane_id");
  const numbers = [bits.bits(order.frameNumBits, "frame_num")];
  const isField = !isProgressive && bits.flag("field_pic_flag");
  const isBottom = isField && bits.flag("bottom_field_flag");
  numbers.push(isField ? isBottom ? 2 : 1 : 0);
  numbers.push(isIdr ? bits.ue("idr_pic_id") : -1);
  if (order.countType === 0) {
    numbers.push(bits.bits(order.countBits, "pic_order_cnt_lsb"));
    numbers.push(hasBottomOrder && !isField ? bits.se("delta_pic_order_cnt_bottom") : 0);
  } else if (order.countType === 1 && !order.isDeltaAlwaysZero) {
    numbers.push(bits.se("delta_pic_order_cnt[0]"));
    numbers.push(hasBottomOrder && !isField ? bits.se("delta_pic_order_cnt[1]") : 0);
  }
  return numbers;
}

function isOtherPicture(last: SliceIdentity, next: SliceIdentity): boolean {
  if (last.isIdr !== next.isIdr || last.isReference !== next.isReference) return true;
  if (last.numbers.length === 0 || next.numbers.length === 0) {
    return next.firstMacroblock <= last.firstMacroblock;
  }
  // reference pictures may differ in nal_ref_idc; zero and not zero are told apart above
  return last.ppsId !== next.ppsId || next.numbers.some((number, index) => number !== last.numbers[index]);
}

/** A recovery point in SEI: H.264 section D.1.1, payloadType. */
const RECOVERY_POINT = 6;

/**
 * Returns whether decoding can start at an access unit: it has an IDR slice, or by option a recovery point.
 *
 * @param accessUnit Borrowed.
 * @param ranges Of its NAL units.
 * @param options `acceptsRecoveryPoint`: whether a recovery point SEI counts, as ffprobe has it for MPEG-TS.
 */
export function isAvcKeyFrame(
  accessUnit: Uint8Array,
  ranges: NalUnitRanges,
  options: { acceptsRecoveryPoint?: boolean } = {},
): boolean {
  let hasRecoveryPoint = false;
  for (let index = 0; index < ranges.length; index += 2) {
    const start = ranges[index]!;
    const type = avcNalUnitType(accessUnit[start]!);
    if (type === AVC_NAL_UNIT_TYPE.Idr) return true;
    if (type === AVC_NAL_UNIT_TYPE.Sei && options.acceptsRecoveryPoint === true) {
      hasRecoveryPoint ||= holdsRecoveryPoint(accessUnit.subarray(start + 1, ranges[index + 1]!));
    } else if (type === AVC_NAL_UNIT_TYPE.Slice) {
      return hasRecoveryPoint;
    }
  }
  return false;
}

/** Walks the messages of an SEI unit: H.264 section 7.3.2.3.1. */
function holdsRecoveryPoint(escaped: Uint8Array): boolean {
  const sei = unescapeNalUnit(escaped);
  for (let at = 0; at + 2 < sei.length;) {
    let type = 0;
    let size = 0;
    while (sei[at] === 0xff) type += sei[at++]!;
    type += sei[at++] ?? 0;
    while (sei[at] === 0xff) size += sei[at++]!;
    size += sei[at++] ?? 0;
    if (type === RECOVERY_POINT) return true;
    at += size;
  }
  return false;
}

/** What `read` gives, or `undefined` where the bytes are malformed. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}
