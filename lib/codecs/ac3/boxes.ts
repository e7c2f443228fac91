import { BitReader } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { Ac3SyncFrame } from "./sync_frame.ts";
import { AC3_BITRATES_KBPS, AC3_CHANNELS, AC3_SAMPLE_RATES } from "./_tables.ts";

/** What `dac3` of MP4 says: ETSI TS 102 366 section F.4. */
export interface Ac3Box {
  /** In Hz. */
  readonly sampleRate: number;
  readonly bitstreamId: number;
  readonly bitstreamMode: number;
  /** acmod: ATSC A/52 table 5.8. */
  readonly channelMode: number;
  readonly hasLowFrequency: boolean;
  /** Low frequency channel counted. */
  readonly channels: number;
  /** In bit/s; 0 where the code is reserved. */
  readonly bitrateBps: number;
}

/** One independent substream in `dec3` of MP4: ETSI TS 102 366 section F.6. */
export interface Eac3Substream {
  /** In Hz; 0 for half rates, which only the frames tell. */
  readonly sampleRate: number;
  readonly bitstreamId: number;
  readonly bitstreamMode: number;
  readonly channelMode: number;
  readonly hasLowFrequency: boolean;
  readonly dependentSubstreams: number;
  /** chan_loc of the dependent substreams, 9 bits: ETSI TS 102 366 table F.6.1. */
  readonly channelLocations: number;
  /** Those of the dependent substreams counted. */
  readonly channels: number;
}

/** What `dec3` of MP4 says. */
export interface Eac3Box {
  /** In bit/s. */
  readonly bitrateBps: number;
  /** One to eight. */
  readonly substreams: readonly Eac3Substream[];
}

/** Independent substreams: num_ind_sub has three bits. */
const MAX_EAC3_SUBSTREAMS = 8;
/** Channels of each bit of chan_loc, from the lowest: ETSI TS 102 366 table F.6.1. */
const LOCATION_CHANNELS = [2, 2, 1, 1, 2, 2, 2, 1, 1] as const;

/**
 * Decodes the body of a `dac3` box.
 *
 * @param body Without the box header; borrowed.
 * @throws {FormatError} If it is cut off or has a reserved rate.
 */
export function decodeDac3(body: Uint8Array): Ac3Box {
  const bits = new BitReader(body);
  const sampleRate = AC3_SAMPLE_RATES[bits.bits(2, "fscod")];
  if (sampleRate === undefined) {
    throw new FormatError("Cannot read dac3: fscod 3 is reserved", { offset: 0 });
  }
  const bitstreamId = bits.bits(5, "bsid");
  const bitstreamMode = bits.bits(3, "bsmod");
  const channelMode = bits.bits(3, "acmod");
  const hasLowFrequency = bits.flag("lfeon");
  const bitrateCode = bits.bits(5, "bit_rate_code");
  return {
    sampleRate,
    bitstreamId,
    bitstreamMode,
    channelMode,
    hasLowFrequency,
    channels: AC3_CHANNELS[channelMode]! + (hasLowFrequency ? 1 : 0),
    bitrateBps: (AC3_BITRATES_KBPS[bitrateCode] ?? 0) * 1000,
  };
}

/**
 * Encodes the body of a `dac3` box from a frame's header.
 *
 * @returns Bytes owned by the caller.
 * @throws {FormatError} If the frame is of E-AC-3.
 */
export function encodeDac3(frame: Ac3SyncFrame): Uint8Array<ArrayBuffer> {
  if (frame.codec !== "ac-3") throw new FormatError("Cannot write dac3: the frame is E-AC-3");
  const { rateCode, bitstreamId, bitstreamMode, channelMode, hasLowFrequency, bitrateCode } = frame;
  const packed = rateCode << 22 | bitstreamId << 17 | bitstreamMode << 14 | channelMode << 11 |
    (hasLowFrequency ? 1 : 0) << 10 | bitrateCode << 5;
  return new Uint8Array([packed >> 16, packed >> 8, packed]);
}

/**
 * Decodes the body of a `dec3` box.
 *
 * @param body Without the box header; borrowed.
 * @throws {FormatError} If it is cut off.
 */
export function decodeDec3(body: Uint8Array): Eac3Box {
  const bits = new BitReader(body);
  const bitrateBps = bits.bits(13, "data_rate") * 1000;
  const substreams: Eac3Substream[] = [];
  for (let left = bits.bits(3, "num_ind_sub") + 1; left > 0; left--) substreams.push(readSubstream(bits));
  return { bitrateBps, substreams };
}

function readSubstream(bits: BitReader): Eac3Substream {
  const sampleRate = AC3_SAMPLE_RATES[bits.bits(2, "fscod")] ?? 0;
  const bitstreamId = bits.bits(5, "bsid");
  bits.skip(2, "asvc");
  const bitstreamMode = bits.bits(3, "bsmod");
  const channelMode = bits.bits(3, "acmod");
  const hasLowFrequency = bits.flag("lfeon");
  bits.skip(3, "reserved");
  const dependentSubstreams = bits.bits(4, "num_dep_sub");
  let channelLocations = 0;
  if (dependentSubstreams > 0) channelLocations = bits.bits(9, "chan_loc");
  else bits.skip(1, "reserved");
  let channels = AC3_CHANNELS[channelMode]! + (hasLowFrequency ? 1 : 0);
  LOCATION_CHANNELS.forEach((count, bit) => {
    if ((channelLocations >> bit & 1) !== 0) channels += count;
  });
  return {
    sampleRate,
    bitstreamId,
    bitstreamMode,
    channelMode,
    hasLowFrequency,
    dependentSubstreams,
    channelLocations,
    channels,
  };
}

/**
 * Encodes the body of a `dec3` box from the headers of independent substreams; dependent ones are not told.
 *
 * @param frames One header of each independent substream, one to eight.
 * @returns Bytes owned by the caller.
 * @throws {LimitError} If there are more.
 * @throws {FormatError} If there is none, or one is not an independent substream of E-AC-3.
 */
export function encodeDec3(frames: readonly Ac3SyncFrame[]): Uint8Array<ArrayBuffer> {
  if (frames.length === 0) throw new FormatError("Cannot write dec3: no substream");
  if (frames.length > MAX_EAC3_SUBSTREAMS) {
    throw new LimitError("MAX_EAC3_SUBSTREAMS", { value: frames.length, limit: MAX_EAC3_SUBSTREAMS });
  }
  let kbps = 0;
  for (const { codec, streamType, bitrateBps } of frames) {
    if (codec !== "ec-3" || streamType === 1) {
      throw new FormatError(`Cannot write dec3: ${codec} of stream type ${streamType} in it`);
    }
    kbps += Math.round(bitrateBps / 1000);
  }
  const first = Math.min(kbps, 0x1fff) << 3 | frames.length - 1;
  const body = [first >> 8, first & 0xff];
  for (const { rateCode, bitstreamId, bitstreamMode, channelMode, hasLowFrequency } of frames) {
    const packed = rateCode << 22 | bitstreamId << 17 | bitstreamMode << 12 | channelMode << 9 |
      (hasLowFrequency ? 1 : 0) << 8;
    body.push(packed >> 16 & 0xff, packed >> 8 & 0xff, packed & 0xff);
  }
  return new Uint8Array(body);
}
