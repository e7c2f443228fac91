import { ByteReader } from "#bytes";
import { type Mp3FrameHeader, readMp3FrameHeader } from "#codecs/mp3";
import { FormatError } from "#errors";

/** What the first frame of a file tells instead of sound: the headers of Xing, LAME and Fraunhofer (VBRI). */
export interface VbrHeader {
  /** Name of the header; `Info` says that the bit rate is constant. */
  readonly kind: "Xing" | "Info" | "VBRI";
  /** Frames of the file without this one; `undefined` where it does not say. */
  readonly frames: number | undefined;
  /** Bytes of the file from this frame on; `undefined` where it does not say. */
  readonly sizeBytes: number | undefined;
  /** Bytes from this frame on at equal distances in time, the first 0; empty where it does not say. */
  readonly places: readonly number[];
  /** Samples that the encoder put in front; `undefined` where it does not say. */
  readonly delaySamples: number | undefined;
}

/** Bytes between header and Xing header: side information of layer III, ISO/IEC 11172-3 section 2.4.1.7. */
const SIDE_BYTES = { mpeg1: { mono: 17, stereo: 32 }, mpeg2: { mono: 9, stereo: 17 } } as const;
const FRAME_HEADER_BYTES = 4;
/** VBRI stands after as much as MPEG-1 stereo has, always. */
const VBRI_OFFSET = FRAME_HEADER_BYTES + 32;
const FLAG = { Frames: 1, Bytes: 2, Toc: 4, Quality: 8 } as const;
const TOC_ENTRIES = 100;
/** Encoders that write delay and padding: LAME's format, which libavformat took over. */
const LAME_ENCODERS = ["LAME", "Lavf", "Lavc"];
/** Most entries of a VBRI table: files of hours have some hundred. */
const MAX_VBRI_ENTRIES = 4096;

/**
 * Reads the header that may stand in the first frame of layer III.
 *
 * @param frame The whole frame; borrowed.
 * @returns `undefined` if it is a frame of sound, or its header tells nothing.
 */
export function readVbrHeader(frame: Uint8Array): VbrHeader | undefined {
  const header = readMp3FrameHeader(frame);
  if (header === undefined || header.layer !== 3) return undefined;
  try {
    const found = readXing(frame, header) ?? readVbri(frame);
    return found?.frames === undefined && found?.sizeBytes === undefined ? undefined : found;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function readXing(frame: Uint8Array, header: Mp3FrameHeader): VbrHeader | undefined {
  const side = header.version === 1 ? SIDE_BYTES.mpeg1 : SIDE_BYTES.mpeg2;
  const reader = new ByteReader(frame);
  reader.skip(FRAME_HEADER_BYTES + (header.channels === 1 ? side.mono : side.stereo), "side information");
  const kind = reader.utf8(4, "name of a VBR header");
  if (kind !== "Xing" && kind !== "Info") return undefined;
  const flags = reader.u32("Xing flags");
  const frames = (flags & FLAG.Frames) !== 0 ? reader.u32("Xing frames") : 0;
  const sizeBytes = (flags & FLAG.Bytes) !== 0 ? reader.u32("Xing bytes") : 0;
  const toc = (flags & FLAG.Toc) !== 0 ? reader.bytes(TOC_ENTRIES, "Xing table of contents") : [];
  if ((flags & FLAG.Quality) !== 0) reader.skip(4, "Xing quality");
  return {
    kind,
    frames: frames || undefined,
    sizeBytes: sizeBytes || undefined,
    // one entry a percent of the time, in 256ths of the bytes
    places: sizeBytes === 0 ? [] : Array.from(toc, (entry) => Math.round(entry * sizeBytes / 256)),
    delaySamples: readLameDelay(reader),
  };
}

/** Encoder 9 bytes, then 12 of levels and rates, then delay and padding of 12 bits each. */
function readLameDelay(reader: ByteReader): number | undefined {
  if (reader.remaining < 9 + 12 + 3) return undefined;
  const encoder = reader.utf8(4, "encoder");
  reader.skip(5 + 12, "LAME header");
  return LAME_ENCODERS.includes(encoder) ? reader.u24("encoder delay and padding") >> 12 : undefined;
}

function readVbri(frame: Uint8Array): VbrHeader | undefined {
  const reader = new ByteReader(frame);
  reader.skip(VBRI_OFFSET, "side information");
  if (reader.utf8(4, "name of a VBR header") !== "VBRI") return undefined;
  if (reader.u16("VBRI version") !== 1) return undefined;
  reader.skip(4, "VBRI delay and quality");
  const sizeBytes = reader.u32("VBRI bytes");
  const frames = reader.u32("VBRI frames");
  const entries = reader.u16("VBRI entries");
  const scale = reader.u16("VBRI scale");
  const entryBytes = reader.u16("VBRI entry size");
  reader.skip(2, "VBRI frames of an entry");
  const places = [0];
  const isUsable = entryBytes >= 1 && entryBytes <= 4 && entries <= MAX_VBRI_ENTRIES &&
    reader.remaining >= entries * entryBytes;
  for (let left = isUsable ? entries : 0; left > 0; left--) {
    let step = 0;
    for (const byte of reader.bytes(entryBytes, "VBRI entry")) step = step * 256 + byte;
    places.push(places.at(-1)! + step * scale);
  }
  return {
    kind: "VBRI",
    frames: frames || undefined,
    sizeBytes: sizeBytes || undefined,
    places: places.length > 1 ? places : [],
    delaySamples: undefined,
  };
}
