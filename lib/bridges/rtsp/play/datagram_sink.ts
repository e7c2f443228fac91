import type { Clock } from "#clock";
import type { SliceSource } from "#stack";
import { FRAME_HEADER_BYTES } from "../rtp_wire.ts";
import type { RtpSink } from "./rtp_sink.ts";

/** Datagrams sent in one go; then the network gets a moment, so that a whole GOP does not overflow its queues. */
const BURST_DATAGRAMS = 64;
/** Such a moment, in ms. */
const PAUSE_MS = 2;

const AT_ONCE = (callback: () => void): void => callback();

/** Where datagrams go. */
export interface DatagramSinkOptions {
  /** Time of the moments between bursts. */
  readonly clock: Clock;
  /** Sends one packet of a channel, which does not change until it is sent. */
  readonly send: (channel: number, bytes: Uint8Array) => void;
  /** Calls back once all that was given to `send` was sent. @default at once, and `send` gets copies */
  readonly whenSent?: (callback: () => void) => void;
  /** Ends the connection. */
  readonly abort: (error: Error) => void;
}

/** Takes interleaved frames out of a log and sends each as a datagram: a player over UDP reads the same log as others. */
export class DatagramSink implements RtpSink {
  readonly #options: DatagramSinkOptions;
  #source: SliceSource | undefined;
  #timer: Disposable | undefined;
  #isPumping = false;
  /** Datagrams are on their way; what they are views of is lent until they are sent. */
  #isSending = false;
  #slice: Uint8Array | undefined;
  /** Bytes of the slice that were sent. */
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
    this.#sent = 0;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  wake(): void {
    if (this.#isPumping || this.#isSending || this.#timer !== undefined) return;
    this.#isPumping = true;
    try {
      while (this.#pump());
    } finally {
      this.#isPumping = false;
    }
  }

  abort(error: Error): void {
    this.#options.abort(error);
  }

  /** Sends a burst at most; whether more may be sent now. */
  #pump(): boolean {
    const slice = this.#slice ??= this.#source?.nextSlice();
    if (slice === undefined) return false;
    let count = 0;
    for (; this.#sent < slice.length && count < BURST_DATAGRAMS; count++) {
      this.#sent = this.#sendFrame(slice, this.#sent);
    }
    this.#isSending = true;
    let isAtOnce = true;
    const { whenSent = AT_ONCE } = this.#options;
    whenSent(() => {
      this.#isSending = false;
      this.#settle(slice);
      if (count === BURST_DATAGRAMS) this.#rest();
      else if (!isAtOnce) this.wake();
    });
    isAtOnce = false;
    return !this.#isSending && this.#timer === undefined;
  }

  /** Gives back what was sent. */
  #settle(slice: Uint8Array): void {
    if (slice !== this.#slice || this.#sent < slice.length) return;
    this.#slice = undefined;
    this.#sent = 0;
    this.#source?.accepted(slice.length);
  }

  #rest(): void {
    this.#timer ??= this.#options.clock.after(PAUSE_MS, () => {
      this.#timer = undefined;
      this.wake();
    });
  }

  #sendFrame(bytes: Uint8Array, at: number): number {
    const end = at + FRAME_HEADER_BYTES + (bytes[at + 2]! << 8 | bytes[at + 3]!);
    const { send, whenSent } = this.#options;
    const start = at + FRAME_HEADER_BYTES;
    send(bytes[at + 1]!, whenSent === undefined ? bytes.slice(start, end) : bytes.subarray(start, end));
    return end;
  }
}
