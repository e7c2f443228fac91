import type { Carrier, CarrierClient, CarrierStatistics, Endpoint, SliceSource } from "#stack";
import { CipherSource } from "./cipher_source.ts";
import type { CipherPairs } from "./cipher_pairs.ts";
import type { Rc4 } from "./rc4.ts";

/** What a cipher carrier is made with. */
export interface CipherCarrierOptions {
  /** The outbound key stream. */
  readonly cipher: Rc4;
  /** Encrypts and sends own bytes. */
  readonly send: (bytes: Uint8Array) => void;
  /** Where slices find partners. @default each is encrypted when it is taken */
  readonly pairs: CipherPairs | undefined;
}

/**
 * The carrier as the protocol above RTMPE sees it: the same connection, with all that goes out encrypted.
 *
 * Order is what matters: the key stream runs on with each byte. Own bytes are encrypted when they are sent, a
 * slice when it is taken, and the carrier below takes a slice only when it has no own bytes left: so bytes leave
 * in the order they were encrypted in.
 */
export class CipherCarrier implements Carrier {
  readonly #below: Carrier;
  readonly #options: CipherCarrierOptions;
  #source: CipherSource | undefined = undefined;

  /** @param below The carrier, or what a transport below RTMPE offers as one. */
  constructor(below: Carrier, options: CipherCarrierOptions) {
    this.#below = below;
    this.#options = options;
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
    this.#options.send(bytes);
  }

  setSource(source: SliceSource | undefined): void {
    this.settle();
    const { cipher, pairs } = this.#options;
    this.#source = source && new CipherSource(source, { cipher, pairs, wake: () => this.#below.wake() });
    this.#below.setSource(this.#source);
  }

  wake(): void {
    this.#below.wake();
  }

  /** Gives the carrier below a slice that waits for a partner: before own bytes are encrypted, and at the end. */
  settle(): void {
    this.#source?.settle();
  }

  pause(isPaused: boolean): void {
    this.#below.pause(isPaused);
  }

  close(): void {
    this.settle();
    this.#below.close();
  }

  abort(error: Error): void {
    this.#below.abort(error);
  }
}
