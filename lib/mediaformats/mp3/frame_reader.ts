import { InputQueue } from "#bytes";
import { mp3FrameTicks } from "#codecs/mp3";
import { FrameCursor } from "./frame_cursor.ts";
import { readVbrHeader } from "./vbr_header.ts";

/** One frame of MPEG audio out of a stream. */
export interface Mp3Frame {
  /** The whole frame, header included; memory of its own. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Of its first byte, counted in bytes pushed since the reader was made. */
  readonly offset: number;
  /** When it begins, in ticks of `MP3_TICKS_PER_SECOND` from the first frame on. */
  readonly ticks: number;
  /** How long it lasts, in the same ticks. */
  readonly durationTicks: number;
}

/**
 * Splits a stream of MPEG audio, of any version and layer, that comes in any pieces: the parser of live input.
 *
 * Tags are passed over, as are VBR headers in the first frame, and junk: after it a frame counts only if two more
 * follow it, so the first comes out late, or with `flush`. Frames of free rate, whose length no header tells, are
 * junk.
 *
 * ```ts
 * import { Mp3FrameReader } from "#mediaformats/mp3";
 *
 * // 8 kbit/s at 8 kHz: frames of 72 bytes, 72 ms each
 * const frame = new Uint8Array(72);
 * frame.set([0xff, 0xe3, 0x18, 0xc0]);
 * const reader = new Mp3FrameReader();
 * const frames = [frame, frame, frame].flatMap((bytes) => reader.push(bytes));
 * console.log([...frames, ...reader.flush()].map(({ offset }) => offset)); // [ 0, 72, 144 ]
 * ```
 */
export class Mp3FrameReader {
  readonly #queue = new InputQueue({ maxBytes: Infinity });
  readonly #cursor = new FrameCursor();
  #ticks = 0;
  #isFirst = true;

  /** Bytes passed over because they belonged neither to a frame nor to a tag. */
  get junkBytes(): number {
    return this.#cursor.junkBytes;
  }

  /**
   * Takes the next bytes.
   *
   * @param bytes Borrowed.
   * @returns The frames that are whole now.
   * @throws {FormatError} If no frame comes in more than `MAX_MP3_JUNK_BYTES`.
   */
  push(bytes: Uint8Array): Mp3Frame[] {
    this.#queue.push(bytes);
    const frames = this.#readFrames(false);
    this.#queue.settle();
    return frames;
  }

  /** The last frames where nothing follows; then starts anew, as after a gap. */
  flush(): Mp3Frame[] {
    const frames = this.#readFrames(true);
    const left = this.#queue.length;
    this.#queue.consume(left);
    this.#cursor.base += left;
    this.#cursor.restart();
    return frames;
  }

  #readFrames(isEnd: boolean): Mp3Frame[] {
    const frames: Mp3Frame[] = [];
    const cursor = this.#cursor;
    const input = this.#queue.readable;
    cursor.at = 0;
    try {
      while (cursor.next(input, isEnd)) {
        const durationTicks = mp3FrameTicks(input, cursor.frameStart);
        const payload = input.slice(cursor.frameStart, cursor.frameEnd);
        const isHeader = this.#isFirst && readVbrHeader(payload) !== undefined;
        this.#isFirst = false;
        if (isHeader) continue;
        frames.push({ payload, offset: cursor.base + cursor.frameStart, ticks: this.#ticks, durationTicks });
        this.#ticks += durationTicks;
      }
    } finally {
      this.#queue.consume(cursor.at);
      cursor.base += cursor.at;
      cursor.at = 0;
    }
    return frames;
  }
}
