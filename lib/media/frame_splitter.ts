import { InputQueue } from "#bytes";

/** How the frames of a format are recognised. */
export interface FrameFormat<Header extends { readonly frameBytes: number }> {
  /** Bytes that `readHeader` needs. */
  readonly headerBytes: number;
  /** First byte of each frame, what is looked for after a gap. */
  readonly firstByte: number;
  /** Reads the header at `at` of borrowed bytes; `undefined` where there is none, or too few bytes for one. */
  readHeader(bytes: Uint8Array, at: number): Header | undefined;
  /** Whether a frame with header `next` may follow one with header `header`: only then a frame after a gap counts. */
  isFollowedBy(header: Header, next: Header): boolean;
}

/** One frame out of a stream. */
export interface SplitFrame<Header> {
  readonly header: Header;
  /** The whole frame, header included; memory of its own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the frame's first byte, counted in bytes pushed since the splitter was made. */
  readonly offset: number;
}

/**
 * Splits a stream of frames that tell their length, in any pieces; passes over what is no frame.
 *
 * The first frame after a gap counts only if another header follows it: `flush` gives one that nothing follows.
 * No more than one frame and two headers are held, as long as `readHeader` bounds `frameBytes`.
 */
export class FrameSplitter<Header extends { readonly frameBytes: number }> {
  readonly #format: FrameFormat<Header>;
  readonly #queue = new InputQueue({ maxBytes: Infinity });
  #consumed = 0;
  #skipped = 0;
  #isInSync = false;

  /** @param format Kept. */
  constructor(format: FrameFormat<Header>) {
    this.#format = format;
  }

  /** Bytes passed over because they belonged to no frame. */
  get skippedBytes(): number {
    return this.#skipped;
  }

  /**
   * Takes the next bytes.
   *
   * @param bytes Borrowed.
   * @returns The frames that are whole now.
   */
  push(bytes: Uint8Array): SplitFrame<Header>[] {
    this.#queue.push(bytes);
    const frames = this.#readFrames({ isEnd: false });
    this.#queue.settle();
    return frames;
  }

  /** The last frames where nothing follows; then starts anew, as after a gap. */
  flush(): SplitFrame<Header>[] {
    const frames = this.#readFrames({ isEnd: true });
    const left = this.#queue.length;
    this.#skipped += left;
    this.#consumed += left;
    this.#queue.consume(left);
    this.#isInSync = false;
    return frames;
  }

  #readFrames(options: { isEnd: boolean }): SplitFrame<Header>[] {
    const frames: SplitFrame<Header>[] = [];
    const bytes = this.#queue.readable;
    const { headerBytes, firstByte } = this.#format;
    let at = 0;
    while (bytes.length - at >= headerBytes) {
      const header = this.#format.readHeader(bytes, at);
      const state = header === undefined ? "none" : this.#stateOf(bytes, { at, header, ...options });
      if (state === "short") break;
      if (state === "whole") {
        const end = at + header!.frameBytes;
        frames.push({ header: header!, bytes: bytes.slice(at, end), offset: this.#consumed + at });
        at = end;
        this.#isInSync = true;
      } else {
        const next = bytes.indexOf(firstByte, at + 1);
        const end = next < 0 ? bytes.length : next;
        this.#skipped += end - at;
        at = end;
        this.#isInSync = false;
      }
    }
    this.#consumed += at;
    this.#queue.consume(at);
    return frames;
  }

  #stateOf(
    bytes: Uint8Array,
    frame: { at: number; header: Header; isEnd: boolean },
  ): "whole" | "short" | "none" {
    const { at, header, isEnd } = frame;
    const end = at + header.frameBytes;
    if (end > bytes.length) return isEnd ? "none" : "short";
    if (this.#isInSync) return "whole";
    if (end + this.#format.headerBytes > bytes.length) return isEnd ? "whole" : "short";
    const next = this.#format.readHeader(bytes, end);
    return next !== undefined && this.#format.isFollowedBy(header, next) ? "whole" : "none";
  }
}
