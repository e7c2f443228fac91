import { type ByteSource, MemorySource, SourceWindow } from "#bytes";
import {
  MAX_ID3_FRAMES,
  MAX_ID3_PICTURES,
  MAX_ID3_TEXT_BYTES,
  MAX_ID3_TOTAL_TEXT_BYTES,
  MAX_ID3_UNSYNCHRONISED_BYTES,
} from "../limits.ts";
import {
  type Id3FrameHeader,
  isFrameId,
  MAX_ID3_FRAME_HEADER_BYTES,
  readId3FrameHeader,
  removeUnsynchronisation,
} from "./id3v2_frames.ts";
import { ID3_HEADER_BYTES, readSyncSafe, tagBytesAt } from "./tag_bytes.ts";
import { genreOf, TagCollector } from "./tag_names.ts";
import { decodeId3Text, decodeLatin1, ID3_ENCODING } from "./text.ts";

/** A picture in a tag: noted, never loaded. */
export interface AttachedPicture {
  /** `image/jpeg`, `image/png`; of version 2.2 as `image/jpg`. */
  readonly mimeType: string;
  /** What it shows: ID3v2.4.0 frames, section 4.14; 3 is the front cover. */
  readonly pictureType: number;
  readonly description: string;
  /** Of the picture's first byte in the file; -1 where the tag is unsynchronised and the file has other bytes. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Its first bytes, up to 64 KiB, where `offset` is -1. */
  readonly head?: Uint8Array;
}

/** Where a tag's frames are read from. */
interface TagBody {
  readonly window: SourceWindow;
  readonly version: number;
  readonly start: number;
  readonly end: number;
  /** Whether offsets of `window` are offsets of the file. */
  readonly isInFile: boolean;
}

const FLAG = { Unsynchronised: 0x80, ExtendedHeader: 0x40 } as const;
/** Bytes of a picture frame that hold type, kind and description. */
const PICTURE_HEAD_BYTES = 512;
/** The same with as much of the picture as tells its size, where only this reader can have it. */
const LONG_PICTURE_HEAD_BYTES = 65_536;
const BLOCK_BYTES = 16_384;

/** Reads the ID3v2 tags of a file, frame by frame, skipping what is large. */
export class Id3v2Reader {
  /** Tags of all that was read, by the names ffprobe shows. */
  readonly tags = new TagCollector();
  /** Pictures in the order of their frames. */
  readonly pictures: AttachedPicture[] = [];
  readonly #window: SourceWindow;
  #textBytes = 0;

  /** @param source Borrowed. */
  constructor(source: ByteSource) {
    this.#window = new SourceWindow(source, { blockBytes: BLOCK_BYTES });
  }

  /**
   * Reads the tag at `offset`.
   *
   * @returns Bytes of the whole tag, which may be more than the file has; 0 if there is none.
   */
  async read(offset: number): Promise<number> {
    const header = await this.#window.read(offset, ID3_HEADER_BYTES);
    const tagBytes = header === undefined ? 0 : tagBytesAt(header, 0);
    if (header === undefined || header[0] !== 0x49 || tagBytes === undefined || tagBytes === 0) return 0;
    const version = header[3]!;
    const size = readSyncSafe(header, 6)!;
    const flags = header[5]!;
    const body = { window: this.#window, version, start: offset + ID3_HEADER_BYTES, isInFile: true };
    // bit 6 is compression in version 2.2, of which no scheme was ever made
    const isReadable = version === 2 ? (flags & FLAG.ExtendedHeader) === 0 : version === 3 || version === 4;
    if (isReadable) await this.#readBody({ ...body, end: body.start + size }, flags);
    return tagBytes;
  }

  async #readBody(body: TagBody, flags: number): Promise<void> {
    const hasExtended = body.version > 2 && (flags & FLAG.ExtendedHeader) !== 0;
    // version 2.4 escapes frame by frame
    const isEscaped = (flags & FLAG.Unsynchronised) !== 0 && body.version < 4;
    const plain = isEscaped ? await plainBody(body) : body;
    const start = hasExtended ? await afterExtendedHeader(plain) : plain.start;
    let at = start;
    for (let count = 0; count < MAX_ID3_FRAMES && at < plain.end; count++) {
      const frame = await this.#readFrame(plain, at);
      if (frame === undefined) return;
      at += frame.headerBytes + frame.sizeBytes;
    }
  }

  async #readFrame(body: TagBody, at: number): Promise<Id3FrameHeader | undefined> {
    const header = await body.window.readUpTo(at, Math.min(MAX_ID3_FRAME_HEADER_BYTES, body.end - at));
    const isValidNext = await checkNext(body, { at, header });
    const frame = readId3FrameHeader(header, body.version, { isValidNext });
    if (frame === undefined || at + frame.headerBytes + frame.sizeBytes > body.end) return undefined;
    if (frame.isPlain && frame.sizeBytes > frame.prefixBytes) {
      const start = at + frame.headerBytes + frame.prefixBytes;
      await this.#readContent(body, { frame, start, length: frame.sizeBytes - frame.prefixBytes });
    }
    return frame;
  }

  async #readContent(
    body: TagBody,
    place: { frame: Id3FrameHeader; start: number; length: number },
  ): Promise<void> {
    const { frame, start, length } = place;
    const { id } = frame;
    const isPicture = id === "APIC" || id === "PIC";
    if (!isPicture && !isKept(id)) return;
    if (!isPicture && (length > MAX_ID3_TEXT_BYTES || this.#textBytes + length > MAX_ID3_TOTAL_TEXT_BYTES)) {
      return;
    }
    const isExact = body.isInFile && !frame.isUnsynchronised;
    const headBytes = isExact ? PICTURE_HEAD_BYTES : LONG_PICTURE_HEAD_BYTES;
    const stored = await body.window.readUpTo(start, isPicture ? Math.min(length, headBytes) : length);
    const content = frame.isUnsynchronised ? removeUnsynchronisation(stored) : stored;
    if (isPicture) return this.#addPicture(content, { ...place, isExact });
    this.#textBytes += length;
    this.#addText(id, content);
  }

  #addText(id: string, content: Uint8Array): void {
    const encoding = content[0]!;
    if (id === "PRIV") return this.#addPrivate(content);
    if (id === "COMM" || id === "COM") return this.#addComment(content);
    if (id === "USLT" || id === "ULT") return this.#addLyrics(content);
    const first = decodeId3Text(content, { start: 1, encoding });
    if (first === undefined) return;
    if (id === "TXXX" || id === "TXX") {
      const value = decodeId3Text(content, { start: first.end, encoding });
      if (value !== undefined) this.tags.add(first.text, value.text);
    } else if (first.text !== "") {
      this.tags.add(id, id === "TCON" || id === "TCO" ? genreOf(first.text) : first.text);
    }
  }

  /** Encoding, language of three letters, description, text: ID3v2.4.0 frames, section 4.10. */
  #addComment(content: Uint8Array): void {
    const encoding = content[0]!;
    const description = decodeId3Text(content, { start: 4, encoding });
    const text = description && decodeId3Text(content, { start: description.end, encoding });
    if (text) this.tags.add(description.text === "" ? "comment" : description.text, text.text);
  }

  /** As comments: section 4.8. ffprobe shows description and language in the name. */
  #addLyrics(content: Uint8Array): void {
    const encoding = content[0]!;
    const description = decodeId3Text(content, { start: 4, encoding });
    const text = description && decodeId3Text(content, { start: description.end, encoding });
    if (!text) return;
    const language = decodeLatin1(content.subarray(1, 4)).replace(/\0.*/, "");
    const prefix = description.text === "" ? "" : `${description.text}-`;
    this.tags.add(`lyrics-${prefix}${language}`, text.text);
  }

  /** Owner, then bytes, which ffprobe shows escaped: section 4.27. */
  #addPrivate(content: Uint8Array): void {
    const owner = decodeId3Text(content, { start: 0, encoding: ID3_ENCODING.Latin1 });
    if (owner === undefined || owner.text === "") return;
    let value = "";
    for (const byte of content.subarray(owner.end)) {
      const isShown = byte >= 32 && byte <= 126 && byte !== 0x5c;
      value += isShown ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
    }
    this.tags.add(`id3v2_priv.${owner.text}`, value);
  }

  /** Encoding, MIME type (three letters in 2.2), picture type, description, picture: section 4.14. */
  #addPicture(
    content: Uint8Array,
    place: { frame: Id3FrameHeader; start: number; length: number; isExact: boolean },
  ): void {
    if (this.pictures.length === MAX_ID3_PICTURES) return;
    const encoding = content[0]!;
    const isOld = place.frame.id === "PIC";
    const mime = isOld
      ? { text: `image/${decodeLatin1(content.subarray(1, 4)).toLowerCase()}`, end: 4 }
      : decodeId3Text(content, { start: 1, encoding: ID3_ENCODING.Latin1 });
    const description = mime && decodeId3Text(content, { start: mime.end + 1, encoding });
    if (!description) return;
    this.pictures.push({
      mimeType: mime.text,
      pictureType: content[mime.end] ?? 0,
      description: description.text,
      offset: place.isExact ? place.start + description.end : -1,
      sizeBytes: Math.max(0, place.length - description.end),
      ...(place.isExact ? {} : { head: content.slice(description.end) }),
    });
  }
}

/** Frames that give tags. */
function isKept(id: string): boolean {
  return id.startsWith("T") || id === "COMM" || id === "COM" || id === "USLT" || id === "ULT" ||
    id === "PRIV";
}

/** The frames of an escaped tag, as many as `MAX_ID3_UNSYNCHRONISED_BYTES` hold, in memory. */
async function plainBody(body: TagBody): Promise<TagBody> {
  const length = Math.min(body.end - body.start, MAX_ID3_UNSYNCHRONISED_BYTES);
  const plain = removeUnsynchronisation(await body.window.readUpTo(body.start, length));
  const window = new SourceWindow(new MemorySource(plain), { blockBytes: plain.length });
  return { ...body, window, start: 0, end: plain.length, isInFile: false };
}

/** ID3v2.3.0 section 3.2: a size without itself; ID3v2.4.0 structure, section 3.2: with itself, seven bits a byte. */
async function afterExtendedHeader(body: TagBody): Promise<number> {
  const field = await body.window.read(body.start, 4);
  if (field === undefined) return body.end;
  const safe = readSyncSafe(field, 0);
  const plain = (field[0]! << 24 | field[1]! << 16 | field[2]! << 8 | field[3]!) >>> 0;
  return body.start + (body.version === 4 && safe !== undefined ? safe : plain + 4);
}

/**
 * Looks where the next frame would be by either reading of a size of version 2.4.
 *
 * @returns Whether a frame, padding or the end stands so many bytes after the header.
 */
async function checkNext(
  body: TagBody,
  frame: { readonly at: number; readonly header: Uint8Array },
): Promise<(sizeBytes: number) => boolean> {
  const { at, header } = frame;
  const valid = new Set<number>();
  // only sizes from 128 on differ
  if (body.version !== 4 || header.length < MAX_ID3_FRAME_HEADER_BYTES) return () => true;
  const plain = (header[4]! << 24 | header[5]! << 16 | header[6]! << 8 | header[7]!) >>> 0;
  if (plain < 128) return () => true;
  for (const size of [readSyncSafe(header, 4), plain]) {
    const next = at + MAX_ID3_FRAME_HEADER_BYTES + (size ?? Infinity);
    if (size === undefined || next > body.end) continue;
    const bytes = await body.window.readUpTo(next, Math.min(4, body.end - next));
    if (bytes.length === 0 || bytes[0] === 0 || isFrameId(bytes, 4)) valid.add(size);
  }
  return (sizeBytes) => valid.has(sizeBytes);
}
