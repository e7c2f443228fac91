import { InputQueue } from "#bytes";
import { ADTS_HEADER_BYTES, type AdtsHeader, readAdtsHeader } from "./adts.ts";

/** One ADTS frame out of a stream. */
export interface AdtsFrame {
  readonly header: AdtsHeader;
  /** Raw data block, without ADTS header and CRC; memory of its own. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Of the frame's first byte, counted in bytes pushed since the reader was made or reset. */
  readonly offset: number;
}

/**
 * Splits a stream of ADTS frames that comes in any pieces; passes over what is none.
 *
 * The first frame after a gap counts only if another header of the same format follows it: `flush` gives one
 * that nothing follows. Frames of several raw data blocks with CRC, which nobody makes, are passed over.
 */
export class AdtsReader {
  readonly #queue = new InputQueue({ maxBytes: Infinity });
  #consumed = 0;
  #skipped = 0;
  #isInSync = false;

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
  push(bytes: Uint8Array): AdtsFrame[] {
    this.#queue.push(bytes);
    const frames = this.#readFrames({ isEnd: false });
    this.#queue.settle();
    return frames;
  }

  /** The last frames where nothing follows; then starts anew, as after a gap. */
  flush(): AdtsFrame[] {
    const frames = this.#readFrames({ isEnd: true });
    this.#skip(this.#queue.length);
    this.#isInSync = false;
    return frames;
  }

  #readFrames(options: { isEnd: boolean }): AdtsFrame[] {
    const frames: AdtsFrame[] = [];
    const bytes = this.#queue.readable;
    let at = 0;
    while (bytes.length - at >= ADTS_HEADER_BYTES) {
      const header = readAdtsHeader(bytes, at);
      const state = header === undefined ? "none" : this.#stateOf(bytes, { at, header, ...options });
      if (state === "short") break;
      if (state === "whole") {
        const payload = bytes.slice(at + header!.headerBytes, at + header!.frameBytes);
        frames.push({ header: header!, payload, offset: this.#consumed + at });
        at += header!.frameBytes;
        this.#isInSync = true;
      } else {
        const next = bytes.indexOf(0xff, at + 1);
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
    frame: { at: number; header: AdtsHeader; isEnd: boolean },
  ): "whole" | "short" | "none" {
    const { at, header, isEnd } = frame;
    const end = at + header.frameBytes;
    if (header.rawDataBlocks > 1 && header.headerBytes > ADTS_HEADER_BYTES) return "none";
    if (end > bytes.length) return isEnd ? "none" : "short";
    if (this.#isInSync) return "whole";
    if (end + ADTS_HEADER_BYTES > bytes.length) return isEnd ? "whole" : "short";
    const next = readAdtsHeader(bytes, end);
    return next?.sampleRate === header.sampleRate && next.objectType === header.objectType ? "whole" : "none";
  }

  #skip(length: number): void {
    this.#skipped += length;
    this.#consumed += length;
    this.#queue.consume(length);
  }
}
