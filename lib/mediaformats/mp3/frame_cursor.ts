import { mp3FrameBytes } from "#codecs/mp3";
import { FormatError } from "#errors";
import { MAX_MP3_JUNK_BYTES } from "./limits.ts";
import { ID3_HEADER_BYTES, tagBytesAt } from "./tags/tag_bytes.ts";

/** Bytes of a frame header that tell its length and format. */
const HEADER_BYTES = 4;
/** Headers that must follow a frame, each where the one before says: at the start of a stream, and after junk. */
const CONFIRMING_HEADERS = { start: 1, junk: 2 } as const;

/**
 * Goes from frame to frame in bytes that are given in pieces: the parsing that live input and files share. It
 * allocates nothing; its fields tell the frame it stands on.
 *
 * Tags between frames are passed over by their size, whatever they hold. After junk, a frame counts only if two
 * more of its version, layer and sampling rate follow it, or the end does.
 */
export class FrameCursor {
  /** Offset of the input's first byte in the whole. */
  base = 0;
  /** Where in the input to read on: what lies before was read. */
  at = 0;
  /** Where in the input the frame found starts. */
  frameStart = 0;
  /** Where in the input the frame found ends. */
  frameEnd = 0;
  /** Bytes that belonged neither to a frame nor to a tag. */
  junkBytes = 0;
  /** Where the newest junk began, in the whole. */
  junkOffset = 0;
  /** Bytes of junk before the frame found, from `junkOffset` on; 0 for none. */
  junkRun = 0;
  #isInSync = false;
  /** Whether a frame is searched for among junk. */
  #isLost = false;
  /** Version, layer and sampling rate of the frame before: second and third byte. */
  #second = 0;
  #third = 0;
  /** Bytes of a tag that are to be passed over. */
  #tagBytes = 0;
  #openJunk = 0;

  /** Bytes of junk since the last frame, from `junkOffset` on; 0 for none. */
  get openJunk(): number {
    return this.#openJunk;
  }

  /**
   * Starts anew at another place.
   *
   * @param options `isLost`: whether that may be in the midst of a frame; `isInSync`: whether a frame ends there.
   */
  restart(options: { isLost?: boolean; isInSync?: boolean } = {}): void {
    this.#isLost = options.isLost ?? false;
    this.at = 0;
    this.#isInSync = options.isInSync ?? false;
    // of what format that frame was is not known
    this.#second = 0;
    this.#tagBytes = 0;
    this.#openJunk = 0;
    this.junkRun = 0;
  }

  /**
   * Gives up the rest of a tag that does not lie in the input.
   *
   * @returns Its bytes: the next input begins so much after `at`.
   */
  passOver(): number {
    const tagBytes = this.#tagBytes;
    this.#tagBytes = 0;
    return tagBytes;
  }

  /**
   * Goes to the next frame that is whole in `input`, from `at` on.
   *
   * @param input Begins at `base`; borrowed.
   * @param isEnd Whether nothing follows it.
   * @returns `false` if there is none: the next input begins at what was `at`.
   * @throws {FormatError} If there is more junk than `MAX_MP3_JUNK_BYTES`.
   */
  next(input: Uint8Array, isEnd: boolean): boolean {
    for (;;) {
      if (this.#tagBytes > 0 && !this.#skipTag(input)) return false;
      const at = this.at;
      const left = input.length - at;
      if (left < HEADER_BYTES) return false;
      const frameBytes = mp3FrameBytes(input, at);
      if (
        frameBytes > 0 && this.#isInSync &&
        (this.#second === 0 || isSameFormat(input[at + 1]! ^ this.#second, input[at + 2]! ^ this.#third))
      ) {
        if (frameBytes > left) return false;
        this.#take(input, frameBytes);
        return true;
      }
      if (frameBytes > 0) {
        const headers = this.#isLost ? CONFIRMING_HEADERS.junk : CONFIRMING_HEADERS.start;
        const isConfirmed = confirm(input, { at, headers, isEnd });
        if (isConfirmed === undefined) return false;
        if (isConfirmed) {
          this.#take(input, frameBytes);
          return true;
        }
      } else if (!this.#isLost) {
        const tagBytes = tagBytesAt(input, at);
        if (tagBytes === undefined && !isEnd) return false;
        if (tagBytes !== undefined && tagBytes > 0) {
          this.#tagBytes = tagBytes;
          continue;
        }
      }
      this.#skipJunk(input);
    }
  }

  #take(input: Uint8Array, frameBytes: number): void {
    const { at } = this;
    this.#isInSync = true;
    this.#isLost = false;
    this.#second = input[at + 1]!;
    this.#third = input[at + 2]!;
    this.junkRun = this.#openJunk;
    this.#openJunk = 0;
    this.frameStart = at;
    this.frameEnd = this.at = at + frameBytes;
  }

  #skipTag(input: Uint8Array): boolean {
    const step = Math.min(this.#tagBytes, input.length - this.at);
    this.at += step;
    this.#tagBytes -= step;
    return this.#tagBytes === 0;
  }

  /** Moves to the next byte that may begin a frame. */
  #skipJunk(input: Uint8Array): void {
    const { at } = this;
    const next = input.indexOf(0xff, at + 1);
    this.at = next < 0 ? input.length : next;
    this.#isInSync = false;
    this.#isLost = true;
    if (this.#openJunk === 0) this.junkOffset = this.base + at;
    this.junkBytes += this.at - at;
    this.#openJunk += this.at - at;
    if (this.#openJunk <= MAX_MP3_JUNK_BYTES) return;
    const offset = this.base + this.at;
    throw new FormatError(`Cannot read MP3: no frame in ${this.#openJunk} bytes before offset ${offset}`, {
      offset,
    });
  }
}

/** Whether headers agree in version, layer and sampling rate, by the bits that differ in second and third byte. */
function isSameFormat(second: number, third: number): boolean {
  return (second & 0xfe) === 0 && (third & 0x0c) === 0;
}

/** Whether a frame at `at` is followed as frames are; `undefined` if more bytes must come to tell. */
function confirm(
  input: Uint8Array,
  frame: { readonly at: number; readonly headers: number; readonly isEnd: boolean },
): boolean | undefined {
  const { at, headers, isEnd } = frame;
  let place = at;
  for (let count = 0; count < headers; count++) {
    place += mp3FrameBytes(input, place);
    const left = input.length - place;
    if (left < ID3_HEADER_BYTES && !isEnd) return undefined;
    // the end follows: the frame itself must be whole
    if (left < HEADER_BYTES) return left >= 0 || count > 0;
    if (mp3FrameBytes(input, place) === 0) return tagBytesAt(input, place) !== 0;
    if (!isSameFormat(input[at + 1]! ^ input[place + 1]!, input[at + 2]! ^ input[place + 2]!)) return false;
  }
  return true;
}
