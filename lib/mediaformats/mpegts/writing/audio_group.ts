/** Most bytes of audio in one PES packet, whose length has 16 bits. */
const MAX_GROUP_BYTES = 32_768;
/** How far a frame may be from where the one before ends: rounding. */
const MAX_DRIFT_TICKS = 1;

/** Audio frames that follow each other and wait to be written as one PES packet, with the time of the first. */
export class AudioGroup {
  /** The bytes of all frames, in order. */
  readonly pieces: Uint8Array[] = [];
  /** Of the first frame. */
  readonly ptsTicks: number;
  #bytes = 0;
  /** Where the next frame is due, not rounded. */
  #dueTicks: number;

  /** Begins with one frame. */
  constructor(pieces: readonly Uint8Array[], { ptsTicks, durationTicks }: FrameTimes) {
    this.ptsTicks = ptsTicks;
    this.#dueTicks = ptsTicks;
    this.#append(pieces, durationTicks);
  }

  /** Takes a frame if it follows without a gap, and there is room; returns whether. */
  add(pieces: readonly Uint8Array[], { ptsTicks, durationTicks }: FrameTimes): boolean {
    if (Math.abs(ptsTicks - this.#dueTicks) > MAX_DRIFT_TICKS || this.#bytes > MAX_GROUP_BYTES) return false;
    this.#append(pieces, durationTicks);
    return true;
  }

  #append(pieces: readonly Uint8Array[], durationTicks: number): void {
    for (const piece of pieces) {
      this.pieces.push(piece);
      this.#bytes += piece.length;
    }
    this.#dueTicks += durationTicks;
  }
}

/** Times of one frame. */
interface FrameTimes {
  readonly ptsTicks: number;
  /** In ticks, not rounded. */
  readonly durationTicks: number;
}
