import type { SliceSource } from "#stack";
import type { RtpSink } from "./rtp_sink.ts";

/** Holds back what goes to a sink until it is opened: the answer to PLAY comes first. */
export class GatedSink implements RtpSink {
  readonly #sink: RtpSink;
  #held: Uint8Array[] | undefined = [];
  #source: SliceSource | undefined;

  constructor(sink: RtpSink) {
    this.#sink = sink;
  }

  /** The source, while the gate is closed. */
  get heldSource(): SliceSource | undefined {
    return this.#held === undefined ? undefined : this.#source;
  }

  /** Lets through what was held, and all that comes. */
  open(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    for (const bytes of held) this.#sink.send(bytes);
    if (this.#source !== undefined) this.#sink.setSource(this.#source);
  }

  send(bytes: Uint8Array): void {
    if (this.#held === undefined) this.#sink.send(bytes);
    else this.#held.push(bytes);
  }

  setSource(source: SliceSource | undefined): void {
    this.#source = source;
    if (this.#held === undefined) this.#sink.setSource(source);
  }

  wake(): void {
    if (this.#held === undefined) this.#sink.wake();
  }

  abort(error: Error): void {
    this.#sink.abort(error);
  }
}
