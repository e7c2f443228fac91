import type { Clock } from "#clock";
import type { SliceSource } from "#stack";
import { FRAME_HEADER_BYTES } from "../rtp_wire.ts";
import type { RtpSink } from "./rtp_sink.ts";

/** Datagrams sent in one go; then the network gets a moment, so that a whole GOP does not overflow its queues. */
const BURST_DATAGRAMS = 64;
/** Such a moment, in ms. */
const PAUSE_MS = 2;

/** Where datagrams go. */
export interface DatagramSinkOptions {
  /** Time of the moments between bursts. */
  readonly clock: Clock;
  /** Sends one packet of a channel, owned by the callee. */
  readonly send: (channel: number, bytes: Uint8Array) => void;
  /** Ends the connection. */
  readonly abort: (error: Error) => void;
}

/** Takes interleaved frames out of a log and sends each as a datagram: a player over UDP reads the same log as others. */
export class DatagramSink implements RtpSink {
  readonly #options: DatagramSinkOptions;
  #source: SliceSource | undefined;
  #timer: Disposable | undefined;
  #isPumping = false;
  /** Rest of a slice that was not sent yet; the slice is lent until it is. */
  #slice: Uint8Array | undefined;
  #sent = 0;

  constructor(options: DatagramSinkOptions) {
    this.#options = options;
  }

  send(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) at = this.#sendFrame(bytes, at);
  }

  setSource(source: SliceSource | undefined): void {
    this.#source = source;
    if (source !== undefined) return this.wake();
    this.#slice = undefined;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  wake(): void {
    if (this.#isPumping || this.#timer !== undefined) return;
    this.#isPumping = true;
    try {
      this.#pump();
    } finally {
      this.#isPumping = false;
    }
  }

  abort(error: Error): void {
    this.#options.abort(error);
  }

  #pump(): void {
    for (let sent = 0; sent < BURST_DATAGRAMS;) {
      const slice = this.#slice ??= this.#source?.nextSlice();
      if (slice === undefined) return;
      for (; this.#sent < slice.length && sent < BURST_DATAGRAMS; sent++) {
        this.#sent = this.#sendFrame(slice, this.#sent);
      }
      if (this.#sent < slice.length) break;
      this.#slice = undefined;
      this.#sent = 0;
      this.#source?.accepted(slice.length);
    }
    this.#timer = this.#options.clock.after(PAUSE_MS, () => {
      this.#timer = undefined;
      this.wake();
    });
  }

  #sendFrame(bytes: Uint8Array, at: number): number {
    const end = at + FRAME_HEADER_BYTES + (bytes[at + 2]! << 8 | bytes[at + 3]!);
    this.#options.send(bytes[at + 1]!, bytes.slice(at + FRAME_HEADER_BYTES, end));
    return end;
  }
}
