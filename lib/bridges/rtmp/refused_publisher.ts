import type { Clock } from "#clock";
import type { RtmpSession } from "#protocols/rtmp";

/** How long a connection may go on after its publish was refused, unless it publishes or plays by then. */
export const REFUSED_PUBLISHER_MS = 5_000;

/**
 * Ends the connection of a publisher that was refused: librtmp, and the encoders on it, do not know
 * NetStream.Publish.BadName and would wait for ever, while another client may try a different name.
 */
export class RefusedPublisher implements Disposable {
  readonly #session: RtmpSession;
  readonly #clock: Clock;
  #timer: Disposable | undefined;

  constructor(session: RtmpSession, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** A publish was refused; the newest refusal counts. */
  refused(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(REFUSED_PUBLISHER_MS, () => {
      this.#timer = undefined;
      const isUsed = this.#session.streams().some((stream) => stream.state !== "idle");
      if (!isUsed) this.#session.close("its publish was refused");
    });
  }

  /** The connection has ended. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
