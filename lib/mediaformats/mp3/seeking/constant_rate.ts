import type { ByteSource } from "#bytes";
import { MP3_TICKS_PER_SECOND, readMp3FrameHeader } from "#codecs/mp3";
import { FrameWalk } from "../frame_walk.ts";
import type { Mp3Head } from "../head.ts";

/** Places of a file at which the rate is checked, evenly spread. */
const CHECKED_PLACES = 4;
/** Shorter files say little about their rate, and are walked as fast. */
const MIN_CHECKED_BYTES = 65_536;
const CHECK_BLOCK_BYTES = 16_384;
/** Padding keeps the mean within one slot; the count from one end to the other may shift by one more. */
const TOLERANCE_SLOTS = 2;

/** A place where a frame begins. */
export interface FramePlace {
  readonly offset: number;
  /** When it begins, in ticks. */
  readonly ticks: number;
}

/** Knows where each frame of a file of constant bit rate begins, to a byte or two: padding keeps the mean. */
export class ConstantRate {
  readonly #head: Mp3Head;
  readonly #meanBytes: number;
  readonly #toleranceBytes: number;
  readonly #walk: FrameWalk;

  private constructor(source: ByteSource, head: Mp3Head) {
    this.#head = head;
    const { bitrateBps, layer } = head.header;
    this.#meanBytes = head.frameTicks / MP3_TICKS_PER_SECOND * bitrateBps / 8;
    this.#toleranceBytes = TOLERANCE_SLOTS * (layer === 1 ? 4 : 1);
    this.#walk = new FrameWalk(source, { blockBytes: CHECK_BLOCK_BYTES });
  }

  /**
   * Looks at some places of a file.
   *
   * @param source Borrowed for the life of the answer.
   * @returns `undefined` if the file is short, or a frame is not where a constant rate puts it.
   */
  static async find(source: ByteSource, head: Mp3Head): Promise<ConstantRate | undefined> {
    const bytes = head.audioEnd - head.firstOffset;
    if (bytes < MIN_CHECKED_BYTES || head.vbr?.kind === "Xing") return undefined;
    const rate = new ConstantRate(source, head);
    for (let place = 1; place <= CHECKED_PLACES; place++) {
      const share = place / (CHECKED_PLACES + 1);
      if (await rate.frameAt(Math.floor(rate.frames * share)) === undefined) return undefined;
    }
    return await rate.frameAt(rate.frames - 1) === undefined ? undefined : rate;
  }

  /** Whole frames of the file, by its length. */
  get frames(): number {
    const { audioEnd, firstOffset } = this.#head;
    return Math.floor((audioEnd - firstOffset + this.#toleranceBytes) / this.#meanBytes);
  }

  /**
   * Goes to frame `number`, counted from 0.
   *
   * @returns `undefined` if no such frame begins there: the rate is not constant, or bytes were lost or added.
   */
  async frameAt(number: number): Promise<FramePlace | undefined> {
    const { firstOffset, frameTicks, header } = this.#head;
    const expected = firstOffset + number * this.#meanBytes;
    const from = Math.max(firstOffset, Math.floor(expected) - this.#toleranceBytes);
    this.#walk.goTo(from, { isLost: number > 0 });
    // one block holds the frame and those that confirm it, or it is not there
    await this.#walk.fill();
    if (!this.#walk.next()) return undefined;
    const found = readMp3FrameHeader(this.#walk.frame)!;
    const isThere = Math.abs(this.#walk.frameOffset - expected) <= this.#toleranceBytes &&
      found.bitrateBps === header.bitrateBps && found.sampleRate === header.sampleRate;
    return isThere ? { offset: this.#walk.frameOffset, ticks: number * frameTicks } : undefined;
  }
}
