import { findLengthPrefixed } from "../nal_unit_ranges.ts";
import { NO_PREFIX, type RtpFragment, type RtpPacketizer } from "./rtp_payload.ts";

/** Small NAL units in front of a picture are sent together up to so many bytes. */
const MAX_AGGREGATED_BYTES = 1024;
/** Before each unit of an aggregation packet. */
const SIZE_BYTES = 2;

/** The header of a fragment begins, and ends, a NAL unit: the same bits in RFC 6184 and RFC 7798. */
const FRAGMENT_FLAG = { Start: 0x80, End: 0x40 } as const;
const FRAGMENT_HEADER_BYTES = 1;

/** What differs between codecs. */
export interface NalRtpForm {
  /** Bytes of the header of a NAL unit; aggregation packets and fragments begin with as many. */
  readonly headerBytes: number;
  /** Makes the first bytes of an aggregation packet of the units at `ranges`: start and end of each, in turn. */
  aggregationHeader(accessUnit: Uint8Array, ranges: readonly number[]): Uint8Array;
  /**
   * Makes the bytes before each fragment of a NAL unit.
   *
   * @param header The unit's own.
   * @param flags The first and the last fragment's, to be joined with the type of the unit.
   */
  fragmentPrefix(header: Uint8Array, flags: number): Uint8Array;
}

/**
 * Splits access units of NAL units into RTP payloads: small units that follow each other go as one aggregation packet,
 * large ones as fragments, others alone.
 */
export class NalRtpPacketizer implements RtpPacketizer {
  readonly #form: NalRtpForm;
  readonly #nalLengthSize: number;
  readonly #ranges: number[] = [];

  /** @param options `nalLengthSize`: bytes of the length before each NAL unit, of the configuration. */
  constructor(form: NalRtpForm, options: { readonly nalLengthSize: number } = { nalLengthSize: 4 }) {
    this.#form = form;
    this.#nalLengthSize = options.nalLengthSize;
  }

  /**
   * Splits one access unit.
   *
   * @throws {FormatError} If a length is cut off, or a unit is longer than what is there.
   */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    const ranges = findLengthPrefixed(unit, { nalLengthSize: this.#nalLengthSize, into: this.#ranges });
    const maxBytes = Math.min(maxPayloadBytes, MAX_AGGREGATED_BYTES);
    const fragments: RtpFragment[] = [];
    for (let index = 0; index < ranges.length;) {
      const joined = this.#countJoined(ranges, { index, maxBytes });
      if (joined > 1) {
        const prefix = this.#aggregate(unit, ranges.slice(index, index + joined * 2));
        fragments.push({ prefix, start: 0, end: 0 });
        index += joined * 2;
        continue;
      }
      const start = ranges[index]!;
      const end = ranges[index + 1]!;
      if (end - start <= maxPayloadBytes) fragments.push({ prefix: NO_PREFIX, start, end });
      else this.#fragment(unit, { start, end, maxPayloadBytes, fragments });
      index += 2;
    }
    return fragments;
  }

  /** How many units from `index` on fit into one aggregation packet. */
  #countJoined(ranges: readonly number[], from: { index: number; maxBytes: number }): number {
    let bytes = this.#form.headerBytes;
    let count = 0;
    for (let index = from.index; index < ranges.length; index += 2) {
      bytes += SIZE_BYTES + ranges[index + 1]! - ranges[index]!;
      if (bytes > from.maxBytes) break;
      count++;
    }
    return count;
  }

  #aggregate(accessUnit: Uint8Array, ranges: readonly number[]): Uint8Array {
    const header = this.#form.aggregationHeader(accessUnit, ranges);
    let bytes = header.length;
    for (let index = 0; index < ranges.length; index += 2) {
      bytes += SIZE_BYTES + ranges[index + 1]! - ranges[index]!;
    }
    const aggregate = new Uint8Array(bytes);
    aggregate.set(header);
    let at = header.length;
    for (let index = 0; index < ranges.length; index += 2) {
      const nalUnit = accessUnit.subarray(ranges[index]!, ranges[index + 1]!);
      aggregate[at] = nalUnit.length >> 8;
      aggregate[at + 1] = nalUnit.length;
      aggregate.set(nalUnit, at + SIZE_BYTES);
      at += SIZE_BYTES + nalUnit.length;
    }
    return aggregate;
  }

  #fragment(
    accessUnit: Uint8Array,
    unit: { start: number; end: number; maxPayloadBytes: number; fragments: RtpFragment[] },
  ): void {
    const { headerBytes } = this.#form;
    const begin = unit.start + headerBytes;
    const header = accessUnit.subarray(unit.start, begin);
    const step = unit.maxPayloadBytes - headerBytes - FRAGMENT_HEADER_BYTES;
    for (let start = begin; start < unit.end; start += step) {
      const end = Math.min(unit.end, start + step);
      const flags = (start === begin ? FRAGMENT_FLAG.Start : 0) | (end === unit.end ? FRAGMENT_FLAG.End : 0);
      unit.fragments.push({ prefix: this.#form.fragmentPrefix(header, flags), start, end });
    }
  }
}
