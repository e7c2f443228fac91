import { FormatError } from "#errors";
import { BitReader } from "#bytes";
import {
  AC3_BITRATES_KBPS,
  AC3_BLOCK_SAMPLES,
  AC3_CHANNELS,
  AC3_SAMPLE_RATES,
  EAC3_BLOCKS,
  EAC3_HALF_SAMPLE_RATES,
} from "./_tables.ts";

/** Bytes of a frame that `readAc3SyncFrame` needs. */
export const AC3_HEADER_BYTES = 8;
/** Largest frame: frmsiz of E-AC-3 counts 16-bit words with 11 bits. */
export const MAX_AC3_FRAME_BYTES = 4096;

/** What the header of a sync frame says: ATSC A/52 sections 5.3 and E.1.2. */
export interface Ac3SyncFrame {
  readonly codec: "ac-3" | "ec-3";
  /** Of the whole frame, in bytes. */
  readonly frameBytes: number;
  /** In Hz. */
  readonly sampleRate: number;
  /** Low frequency channel counted. */
  readonly channels: number;
  /** Samples the frame gives per channel. */
  readonly frameSamples: number;
  /** In bit/s. */
  readonly bitrateBps: number;
  /** fscod, 0 to 3; 3 only in E-AC-3 at half rates. */
  readonly rateCode: number;
  /** bsid: up to 8 for AC-3, 11 to 16 for E-AC-3. */
  readonly bitstreamId: number;
  /** bsmod of AC-3; 0 for E-AC-3, whose header tells it only further on. */
  readonly bitstreamMode: number;
  /** acmod: ATSC A/52 table 5.8. */
  readonly channelMode: number;
  /** lfeon. */
  readonly hasLowFrequency: boolean;
  /** frmsizecod >> 1 of AC-3, which is bit_rate_code of `dac3`; 0 for E-AC-3. */
  readonly bitrateCode: number;
  /** strmtyp of E-AC-3: 0 independent, 1 dependent, 2 independent from AC-3; 0 for AC-3. */
  readonly streamType: number;
  /** substreamid of E-AC-3, 0 to 7; 0 for AC-3. */
  readonly substreamId: number;
}

/** bsid above which the layout is E-AC-3's: ATSC A/52 section E.2.3.1.6. */
const LAST_AC3_BITSTREAM_ID = 10;

/**
 * Reads the header of a sync frame where one may be.
 *
 * @param bytes Borrowed.
 * @param at Where the sync word should be.
 * @returns `undefined` where there is none, or where it is cut off or has reserved values.
 */
export function readAc3SyncFrame(bytes: Uint8Array, at: number = 0): Ac3SyncFrame | undefined {
  if (bytes.length - at < AC3_HEADER_BYTES || bytes[at] !== 0x0b || bytes[at + 1] !== 0x77) return undefined;
  // bsid stands at the same place in both
  const bitstreamId = bytes[at + 5]! >> 3;
  const bits = new BitReader(bytes.subarray(at + 2, at + AC3_HEADER_BYTES));
  if (bitstreamId > 16) return undefined;
  return bitstreamId <= LAST_AC3_BITSTREAM_ID ? readAc3(bits) : readEac3(bits);
}

/**
 * Decodes the header at the start of a sync frame.
 *
 * @param frame Borrowed.
 * @throws {FormatError} If there is no sync word, it is cut off, or has reserved values.
 */
export function decodeAc3SyncFrame(frame: Uint8Array): Ac3SyncFrame {
  const header = readAc3SyncFrame(frame);
  if (header !== undefined) return header;
  const shown = frame.subarray(0, AC3_HEADER_BYTES).toHex();
  throw new FormatError(`Cannot read AC-3 sync frame: 0x${shown} at offset 0`, { offset: 0 });
}

/** syncinfo and bsi: ATSC A/52 sections 5.3.1 and 5.3.2. */
function readAc3(bits: BitReader): Ac3SyncFrame | undefined {
  bits.skip(16, "crc1");
  const rateCode = bits.bits(2, "fscod");
  const sizeCode = bits.bits(6, "frmsizecod");
  const sampleRate = AC3_SAMPLE_RATES[rateCode];
  const kbps = AC3_BITRATES_KBPS[sizeCode >> 1];
  if (sampleRate === undefined || kbps === undefined) return undefined;
  const bitstreamId = bits.bits(5, "bsid");
  const bitstreamMode = bits.bits(3, "bsmod");
  const channelMode = bits.bits(3, "acmod");
  // centre and surround mix levels stand between, where there is a centre or surround channel
  if ((channelMode & 1) !== 0 && channelMode !== 1) bits.skip(2, "cmixlev");
  if ((channelMode & 4) !== 0) bits.skip(2, "surmixlev");
  if (channelMode === 2) bits.skip(2, "dsurmod");
  const hasLowFrequency = bits.flag("lfeon");
  // bsid 9 and 10 have half and a quarter of the rate
  const divisor = 2 ** Math.max(0, bitstreamId - 8);
  return {
    codec: "ac-3",
    frameBytes: 2 * frameWords({ sampleRate, kbps, isPadded: (sizeCode & 1) !== 0 }),
    sampleRate: sampleRate / divisor,
    channels: AC3_CHANNELS[channelMode]! + (hasLowFrequency ? 1 : 0),
    frameSamples: 6 * AC3_BLOCK_SAMPLES,
    bitrateBps: kbps * 1000 / divisor,
    rateCode,
    bitstreamId,
    bitstreamMode,
    channelMode,
    hasLowFrequency,
    bitrateCode: sizeCode >> 1,
    streamType: 0,
    substreamId: 0,
  };
}

/** 1536 samples at this rate, in 16-bit words; at 44,100 Hz every other code has one more. Table 5.18. */
function frameWords(frame: { sampleRate: number; kbps: number; isPadded: boolean }): number {
  const { sampleRate, kbps, isPadded } = frame;
  const words = Math.floor(kbps * 1000 * 1536 / (16 * sampleRate));
  return sampleRate === 44_100 && isPadded ? words + 1 : words;
}

/** bsi of E-AC-3 up to lfeon: ATSC A/52 section E.1.2.2. */
function readEac3(bits: BitReader): Ac3SyncFrame | undefined {
  const streamType = bits.bits(2, "strmtyp");
  const substreamId = bits.bits(3, "substreamid");
  const frameBytes = 2 * (bits.bits(11, "frmsiz") + 1);
  const rateCode = bits.bits(2, "fscod");
  const blocksCode = bits.bits(2, "fscod2 or numblkscod");
  const isHalf = rateCode === 3;
  const sampleRate = isHalf ? EAC3_HALF_SAMPLE_RATES[blocksCode] : AC3_SAMPLE_RATES[rateCode];
  if (sampleRate === undefined || streamType === 3 || frameBytes < AC3_HEADER_BYTES) return undefined;
  const frameSamples = AC3_BLOCK_SAMPLES * (isHalf ? 6 : EAC3_BLOCKS[blocksCode]!);
  const channelMode = bits.bits(3, "acmod");
  const hasLowFrequency = bits.flag("lfeon");
  return {
    codec: "ec-3",
    frameBytes,
    sampleRate,
    channels: AC3_CHANNELS[channelMode]! + (hasLowFrequency ? 1 : 0),
    frameSamples,
    bitrateBps: Math.round(frameBytes * 8 * sampleRate / frameSamples),
    rateCode,
    bitstreamId: bits.bits(5, "bsid"),
    bitstreamMode: 0,
    channelMode,
    hasLowFrequency,
    bitrateCode: 0,
    streamType,
    substreamId,
  };
}
