import { ProtocolError } from "#errors";
import { REFUSED_MEDIA_MS } from "./limits.ts";

/** Watches media that a peer sends and nobody takes: late media is ordinary, a flow of it is not. */
export class RefusedMediaWatch {
  #sinceMs = 0;
  #lastMs = -Infinity;

  /**
   * Notes one audio or video message that was dropped.
   *
   * @param nowMs Now, in ms of any clock.
   * @throws {ProtocolError} If they have kept coming for longer than REFUSED_MEDIA_MS.
   */
  note(nowMs: number): void {
    if (nowMs - this.#lastMs > REFUSED_MEDIA_MS) this.#sinceMs = nowMs;
    this.#lastMs = nowMs;
    const lastedMs = nowMs - this.#sinceMs;
    if (lastedMs <= REFUSED_MEDIA_MS) return;
    throw new ProtocolError(
      `Cannot take media: it has come for ${Math.round(lastedMs)} ms without a publish that was granted`,
    );
  }
}
