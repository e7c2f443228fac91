import type { Carrier, CarrierClient, CarrierStatistics, Endpoint, SliceSource } from "#stack";
import type { Rc4 } from "./rc4.ts";

/** Scratch memory up to this size is kept between slices; a larger slice gets memory of its own. */
const KEPT_SCRATCH_BYTES = 65_536;

/**
 * The carrier as the protocol above RTMPE sees it: the same connection, with all that goes out encrypted.
 *
 * Order is what matters: the key stream runs on with each byte. Own bytes are encrypted when they are sent, a
 * slice when it is taken, and the carrier below takes a slice only when it has no own bytes left: so bytes leave
 * in the order they were encrypted in.
 */
export class CipherCarrier implements Carrier {
  readonly #below: Carrier;
  readonly #cipher: Rc4;
  readonly #sendPlain: (bytes: Uint8Array) => void;

  /**
   * @param below The carrier, or what a transport below RTMPE offers as one.
   * @param options `cipher`: the outbound key stream. `send`: encrypts and sends own bytes.
   */
  constructor(below: Carrier, options: { readonly cipher: Rc4; readonly send: (bytes: Uint8Array) => void }) {
    this.#below = below;
    this.#cipher = options.cipher;
    this.#sendPlain = options.send;
  }

  get kind(): Carrier["kind"] {
    return this.#below.kind;
  }

  get local(): Endpoint {
    return this.#below.local;
  }

  get remote(): Endpoint {
    return this.#below.remote;
  }

  get statistics(): Readonly<CarrierStatistics> {
    return this.#below.statistics;
  }

  get queuedBytes(): number {
    return this.#below.queuedBytes;
  }

  open(_client: CarrierClient): void {
    throw new TypeError("Cannot open the carrier of RTMPE: the stack below it is open");
  }

  send(bytes: Uint8Array): void {
    this.#sendPlain(bytes);
  }

  setSource(source: SliceSource | undefined): void {
    this.#below.setSource(source === undefined ? undefined : new CipherSource(source, this.#cipher));
  }

  wake(): void {
    this.#below.wake();
  }

  pause(isPaused: boolean): void {
    this.#below.pause(isPaused);
  }

  close(): void {
    this.#below.close();
  }

  abort(error: Error): void {
    this.#below.abort(error);
  }
}

/** Encrypts slices as they are taken; what was encrypted and not accepted is offered again as it is. */
class CipherSource implements SliceSource {
  readonly #source: SliceSource;
  readonly #cipher: Rc4;
  #scratch = new Uint8Array(0);
  /** Encrypted and not accepted yet. */
  #pending: Uint8Array = this.#scratch;

  constructor(source: SliceSource, cipher: Rc4) {
    this.#source = source;
    this.#cipher = cipher;
  }

  get isAtBoundary(): boolean {
    return this.#pending.length === 0 && this.#source.isAtBoundary;
  }

  nextSlice(): Uint8Array | undefined {
    if (this.#pending.length > 0) return this.#pending;
    const slice = this.#source.nextSlice();
    if (slice === undefined) return undefined;
    const output = this.#memory(slice.length);
    this.#cipher.apply(slice, output);
    return this.#pending = output;
  }

  accepted(count: number): void {
    this.#pending = this.#pending.subarray(count);
    this.#source.accepted(count);
  }

  failed(error: unknown): void {
    this.#source.failed(error);
  }

  #memory(length: number): Uint8Array {
    if (length > KEPT_SCRATCH_BYTES) return new Uint8Array(length);
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length);
    return this.#scratch.subarray(0, length);
  }
}
