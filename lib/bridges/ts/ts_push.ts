import type { Clock } from "#clock";
import type { Logger } from "#log";
import type { Stream, Subscriber, SubscriberSink } from "#streaming";
import { ClockPacer } from "./clock_pacer.ts";
import { TsWire } from "./ts_wire.ts";

/** What a push is made of. */
export interface TsPushOptions {
  /** What is pushed. */
  readonly stream: Stream;
  /** Its timers must be exact to a ms or two. */
  readonly clock: Clock;
  /** Prefixed with target and stream. */
  readonly log: Logger;
  /** Sends one datagram of whole packets; the array is the receiver's. */
  readonly send: (datagram: Uint8Array) => void;
  /** Null packets fill the stream up to this rate, in bits a second; 0 for none. */
  readonly bitrateBps: number;
  /** The publisher has left, and all it published was sent. */
  readonly ended: () => void;
}

/** Sends one live stream as datagrams of MPEG-TS, at the pace of its clock, from a key frame on. */
export class TsPush implements SubscriberSink, Disposable {
  readonly #options: TsPushOptions;
  readonly #pacer: ClockPacer;
  readonly #subscriber: Subscriber;
  #source: Subscriber | undefined;
  #isDisposed = false;

  constructor(options: TsPushOptions) {
    const { stream, log } = this.#options = options;
    this.#pacer = new ClockPacer(options);
    this.#subscriber = stream.subscribe(this, new TsWire(), {
      origin: "ts push",
      isAudience: false,
      notCarried: ({ kind, codec }) =>
        log.warning(`pushes without ${kind}: ${codec} cannot be sent this way`),
      publisherChanged: (isLive) => {
        if (!isLive) options.ended();
      },
    });
    log.info("pushing");
  }

  send(bytes: Uint8Array): void {
    this.#pacer.push(bytes);
  }

  setSource(source: Subscriber | undefined): void {
    this.#source = source;
  }

  /** Takes all there is: the pacer holds it. */
  wake(): void {
    for (let slice = this.#source?.nextSlice(); slice !== undefined; slice = this.#source?.nextSlice()) {
      this.#pacer.push(slice.slice());
      this.#source?.accepted(slice.length);
    }
  }

  abort(error: Error): void {
    this.#options.log.warning(error.message);
    this.#options.ended();
  }

  /** Sends what waits, and leaves the stream. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    const { stream, log, bitrateBps } = this.#options;
    stream.unsubscribe(this.#subscriber);
    this.#pacer[Symbol.dispose]();
    const { overruns } = this.#pacer;
    log.info(
      `stopped pushing${
        overruns === 0 ? "" : `: the stream needed more than ${bitrateBps} bit/s ${overruns} times`
      }`,
    );
  }
}
