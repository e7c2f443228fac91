/** Largest reorder depth of H.264 and H.265. */
const MAX_REORDERED_PICTURES = 16;
/** Time between pictures while it is unknown, in microseconds: 25 a second. */
const FIRST_PICTURE_US = 40_000;

/**
 * Finds decoding times where only presentation times are sent, as in RTP: the decoding time of a picture is the
 * smallest presentation time among it and the `depth` pictures before it that was not used yet.
 *
 * Nothing is held back: each time is known when its picture comes.
 */
export class DecodeOrder {
  readonly #waiting: number[] = [];
  #depth = 0;
  #newestUs = -Infinity;
  #lastUs = -Infinity;
  #pictureUs = FIRST_PICTURE_US;

  /** Most pictures that come before another in decoding order and after it in presentation order, 0 to 16. */
  set depth(pictures: number) {
    this.#depth = Math.min(Math.max(0, pictures), MAX_REORDERED_PICTURES);
  }

  /**
   * The decoding time of the next picture.
   *
   * @param ptsUs Its presentation time, in microseconds.
   * @returns Rising, and at most `ptsUs`; less than any `ptsUs` for the first `depth` pictures. Where presentation
   *   times run further back than `depth` allows, as after a jump, it is `ptsUs`.
   */
  next(ptsUs: number): number {
    if (Math.abs(ptsUs - this.#newestUs) > RESTART_US) this.#waiting.length = 0;
    else if (ptsUs > this.#newestUs) this.#pictureUs = ptsUs - this.#newestUs;
    this.#newestUs = this.#waiting.length === 0 ? ptsUs : Math.max(ptsUs, this.#newestUs);
    if (this.#waiting.length === 0) {
      this.#lastUs = -Infinity;
      for (let before = this.#depth; before > 0; before--) {
        this.#waiting.push(ptsUs - before * this.#pictureUs);
      }
    }
    const { length } = this.#waiting;
    let at = length;
    while (at > 0 && this.#waiting[at - 1]! > ptsUs) at--;
    this.#waiting.splice(at, 0, ptsUs);
    const smallest = this.#waiting.length > this.#depth ? this.#waiting.shift()! : ptsUs;
    while (this.#waiting.length > this.#depth) this.#waiting.shift();
    const dtsUs = Math.min(ptsUs, Math.max(smallest, this.#lastUs + 1));
    this.#lastUs = dtsUs;
    return dtsUs;
  }
}

/** A step of presentation times by more than this is another timeline, in microseconds. */
const RESTART_US = 10_000_000;
