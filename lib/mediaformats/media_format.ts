import { decodeMp3FrameHeader } from "#codecs/mp3";

/** Containers that are read, by their usual extension. */
export type MediaFormat = "flv" | "mp4" | "mkv" | "mp3" | "ts";

/** One container. */
export interface MediaFormatRow {
  readonly format: MediaFormat;
  /** What files of it are called, in lower case without the dot; the usual one first. */
  readonly extensions: readonly string[];
  /** What HTTP calls it. */
  readonly contentType: string;
}

/** Every container that is read. */
export const MEDIA_FORMATS: readonly MediaFormatRow[] = [
  { format: "flv", extensions: ["flv"], contentType: "video/x-flv" },
  {
    format: "mp4",
    extensions: ["mp4", "m4v", "m4a", "mov", "f4v", "f4a", "m4b", "3gp", "3g2", "qt", "m4s", "cmfv", "cmfa"],
    contentType: "video/mp4",
  },
  { format: "mkv", extensions: ["mkv", "webm", "mka", "mk3d"], contentType: "video/x-matroska" },
  { format: "mp3", extensions: ["mp3", "mp2", "mpga"], contentType: "audio/mpeg" },
  { format: "ts", extensions: ["ts", "m2ts", "mts", "m2t", "tsv"], contentType: "video/mp2t" },
];

/** Every extension of a container that is read, in lower case without the dot. */
export const MEDIA_EXTENSIONS: readonly string[] = MEDIA_FORMATS.flatMap(({ extensions }) => extensions);

/** Bytes of a file's start that tell its container. */
export const FORMAT_PROBE_BYTES = 8192;

/** What a box of a file's top level is called: ISO/IEC 14496-12 and QuickTime. */
const TOP_BOXES = new Set([
  ...["ftyp", "styp", "moov", "moof", "mdat", "sidx", "free", "skip", "wide", "pnot", "uuid", "emsg", "prft"],
  ...["ssix", "pdin", "meta"],
]);
/** The first bytes of EBML, as of Matroska and WebM: RFC 8794 section 11.2.1. */
const EBML = [0x1a, 0x45, 0xdf, 0xa3] as const;
/** ISO/IEC 13818-1 section 2.4.3.2, and the forms with a time in front or a check behind. */
const TS_SYNC = 0x47;
const TS_STRIDES = [188, 192, 204, 208] as const;
/** Packets in a row that make a transport stream; fewer only at the end of the bytes. */
const TS_RUN = 5;
const TS_MIN_RUN = 2;

/**
 * Tells the container by its first bytes.
 *
 * @param bytes From the start of the file, `FORMAT_PROBE_BYTES` or all there is; only borrowed.
 * @returns `undefined` if they are of no container that is read, or do not tell.
 */
export function formatOf(bytes: Uint8Array): MediaFormat | undefined {
  if (startsWith(bytes, "FLV")) return "flv";
  if (EBML.every((byte, at) => bytes[at] === byte)) return "mkv";
  if (TOP_BOXES.has(textAt(bytes, 4))) return "mp4";
  if (isTransportStream(bytes)) return "ts";
  if (startsWith(bytes, "ID3") || isMpegAudio(bytes)) return "mp3";
  return undefined;
}

/**
 * Tells the container by a file's name.
 *
 * @returns `undefined` if its extension is that of no container that is read.
 */
export function formatOfName(name: string): MediaFormat | undefined {
  const extension = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return MEDIA_FORMATS.find(({ extensions }) => extensions.includes(extension))?.format;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return textAt(bytes, 0).startsWith(text);
}

function textAt(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

/** Whether sync bytes follow each other in one of the known strides, from anywhere in the first packet on. */
function isTransportStream(bytes: Uint8Array): boolean {
  return TS_STRIDES.some((stride) => {
    for (let start = 0; start < stride; start++) {
      if (bytes[start] === TS_SYNC && hasSyncs(bytes, start, stride)) return true;
    }
    return false;
  });
}

// params: hot path
function hasSyncs(bytes: Uint8Array, start: number, stride: number): boolean {
  let run = 0;
  for (let at = start; at < bytes.length && run < TS_RUN; at += stride) {
    if (!isPacketHead(bytes, at)) return false;
    run++;
  }
  return run === TS_RUN || run >= TS_MIN_RUN && start <= 4;
}

/** Whether a packet may begin here: sync byte, and an adaptation field that fits. ISO/IEC 13818-1 section 2.4.3.3. */
function isPacketHead(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== TS_SYNC) return false;
  if (at + 5 > bytes.length) return true;
  const adaptationControl = bytes[at + 3]! >> 4 & 3;
  const adaptationBytes = bytes[at + 4]!;
  if (adaptationControl === 2) return adaptationBytes === 183;
  return adaptationControl === 1 || adaptationControl === 3 && adaptationBytes <= 182;
}

/** Whether two frame headers of MPEG audio follow each other at the first one's length. */
function isMpegAudio(bytes: Uint8Array): boolean {
  try {
    const { bitrateBps, frameSamples, sampleRate, layer } = decodeMp3FrameHeader(bytes);
    const slotBytes = layer === 1 ? 4 : 1;
    const slots = Math.floor(frameSamples / 8 / slotBytes * bitrateBps / sampleRate) + (bytes[2]! >> 1 & 1);
    if (bitrateBps === 0) return true;
    decodeMp3FrameHeader(bytes.subarray(slots * slotBytes));
    return true;
  } catch {
    return false;
  }
}
