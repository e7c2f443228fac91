import { ByteReader } from "#bytes";
import { FormatError } from "#errors";
import type { TrackDescription } from "#media";

/** The four bytes each MPEG audio frame begins with: ISO/IEC 11172-3 section 2.4.2.3, 13818-3. */
export interface Mp3FrameHeader {
  /** 1, 2, or 2.5, which is not in the standard. */
  readonly version: 1 | 2 | 2.5;
  /** 1 to 3. */
  readonly layer: number;
  /** In bit/s; 0 where the rate is free. */
  readonly bitrateBps: number;
  /** In Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples a frame gives per channel. */
  readonly frameSamples: number;
  /** Of the whole frame, in bytes; 0 where the rate is free. */
  readonly frameBytes: number;
}

const VERSIONS: readonly (1 | 2 | 2.5 | undefined)[] = [2.5, undefined, 2, 1];
const SAMPLE_RATES_MPEG1: readonly (number | undefined)[] = [44_100, 48_000, 32_000, undefined];
const RATE_DIVISOR = { 1: 1, 2: 2, 2.5: 4 } as const;
const MONO = 3;

/** In kbit/s, by bitrate_index; index 15 is reserved. */
const BITRATES_KBPS = {
  mpeg1Layer1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  mpeg1Layer2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  mpeg1Layer3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  mpeg2Layer1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  mpeg2Layer23: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;

/**
 * Decodes the header at the start of an MPEG audio frame.
 *
 * @param frame Borrowed.
 * @throws {FormatError} If there is no sync word, or a reserved value.
 */
export function decodeMp3FrameHeader(frame: Uint8Array): Mp3FrameHeader {
  const word = new ByteReader(frame).u32("MPEG audio frame header");
  const header = readWord(word);
  if (header !== undefined) return header;
  const shown = word.toString(16).padStart(8, "0");
  throw new FormatError(`Cannot read MPEG audio frame header: 0x${shown} at offset 0`, { offset: 0 });
}

/**
 * Reads a header where one may be.
 *
 * @param bytes Borrowed.
 * @param at Where the sync word should be.
 * @returns `undefined` where there is none, or where it is cut off or has reserved values.
 */
export function readMp3FrameHeader(bytes: Uint8Array, at: number = 0): Mp3FrameHeader | undefined {
  if (bytes.length - at < 4) return undefined;
  return readWord((bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0);
}

function readWord(word: number): Mp3FrameHeader | undefined {
  const version = VERSIONS[word >>> 19 & 3];
  const layer = 4 - (word >>> 17 & 3);
  const mpeg1Rate = SAMPLE_RATES_MPEG1[word >>> 10 & 3];
  const kbps = bitratesOf(version, layer)[word >>> 12 & 15];
  const isSync = word >>> 21 === 0x7ff;
  if (!isSync || version === undefined || layer === 4 || mpeg1Rate === undefined || kbps === undefined) {
    return undefined;
  }
  const sampleRate = mpeg1Rate / RATE_DIVISOR[version];
  const frameSamples = layer === 1 ? 384 : layer === 3 && version !== 1 ? 576 : 1152;
  // a slot has four bytes in layer I: ISO/IEC 11172-3 section 2.4.3.1
  const slotBytes = layer === 1 ? 4 : 1;
  const slots = Math.floor(frameSamples / 8 / slotBytes * kbps * 1000 / sampleRate);
  return {
    version,
    layer,
    bitrateBps: kbps * 1000,
    sampleRate,
    channels: (word >>> 6 & 3) === MONO ? 1 : 2,
    frameSamples,
    frameBytes: kbps === 0 ? 0 : (slots + (word >>> 9 & 1)) * slotBytes,
  };
}

/**
 * Describes the track of an MP3 frame.
 *
 * @param frame Payload of a media packet, as MP3 has no configuration; borrowed.
 * @throws {FormatError} If it does not begin with a frame header.
 */
export function describeMp3(frame: Uint8Array): TrackDescription {
  const { version, layer, sampleRate, channels } = decodeMp3FrameHeader(frame);
  return {
    kind: "audio",
    codec: ".mp3",
    // object types of ISO/IEC 14496-1 table 5: 0x6b is MPEG-1, 0x69 is MPEG-2
    codecString: version === 1 ? "mp4a.6b" : "mp4a.69",
    profile: `MPEG-${version} layer ${layer}`,
    sampleRate,
    channels,
  };
}

function bitratesOf(version: number | undefined, layer: number): readonly number[] {
  if (version !== 1) return layer === 1 ? BITRATES_KBPS.mpeg2Layer1 : BITRATES_KBPS.mpeg2Layer23;
  if (layer === 1) return BITRATES_KBPS.mpeg1Layer1;
  return layer === 2 ? BITRATES_KBPS.mpeg1Layer2 : BITRATES_KBPS.mpeg1Layer3;
}
