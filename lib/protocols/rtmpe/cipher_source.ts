import type { SliceSource } from "#stack";
import type { CipherPairs, CipherTask } from "./cipher_pairs.ts";
import type { Rc4 } from "./rc4.ts";

/** Scratch memory up to this size is kept between slices; a larger slice gets memory of its own. */
const KEPT_SCRATCH_BYTES = 65_536;
const NOTHING = new Uint8Array(0);

/** What a cipher source is made with. */
export interface CipherSourceOptions {
  /** The outbound key stream. */
  readonly cipher: Rc4;
  /** Where slices find partners. @default each is encrypted when it is taken */
  readonly pairs: CipherPairs | undefined;
  /** Has the carrier below look at this source. */
  readonly wake: () => void;
}

/** Encrypts slices as they are taken; what was encrypted and not accepted is offered again as it is. */
export class CipherSource implements SliceSource, CipherTask {
  readonly cipher: Rc4;
  readonly #source: SliceSource;
  readonly #options: CipherSourceOptions;
  #scratch: Uint8Array = NOTHING;
  /** Encrypted and not accepted yet, or about to be encrypted. */
  #pending: Uint8Array = NOTHING;
  /** The slice that is being encrypted. */
  #slice: Uint8Array = NOTHING;
  /** Whether a slice taken now may wait for a partner. */
  #mayWait = false;
  #isWaiting = false;

  constructor(source: SliceSource, options: CipherSourceOptions) {
    this.#source = source;
    this.#options = options;
    this.cipher = options.cipher;
  }

  get input(): Uint8Array {
    return this.#slice;
  }

  get output(): Uint8Array {
    return this.#pending;
  }

  get isAtBoundary(): boolean {
    return this.#pending.length === 0 && this.#source.isAtBoundary;
  }

  /** Has the carrier take a slice, in this turn at the latest. */
  offer(): void {
    this.#mayWait = this.#options.pairs !== undefined;
    this.#options.wake();
    this.#mayWait = false;
  }

  /** Has the carrier take the slice that waits for a partner now, if there is one. */
  settle(): void {
    if (!this.#isWaiting) return;
    this.#encryptNow();
    this.#options.wake();
  }

  nextSlice(): Uint8Array | undefined {
    if (this.#isWaiting) this.#encryptNow();
    if (this.#pending.length > 0) return this.#pending;
    const slice = this.#source.nextSlice();
    if (slice === undefined) return undefined;
    this.#slice = slice;
    this.#pending = this.#memory(slice.length);
    if (!this.#mayWait) this.cipher.apply(slice, this.#pending);
    else if (this.#options.pairs?.add(this) === "waiting") {
      this.#isWaiting = true;
      return undefined;
    }
    return this.#pending;
  }

  encrypted(): void {
    this.#isWaiting = false;
    this.#options.wake();
  }

  accepted(count: number): void {
    this.#slice = NOTHING;
    this.#pending = this.#pending.subarray(count);
    this.#source.accepted(count);
  }

  failed(error: unknown): void {
    if (this.#isWaiting) this.#options.pairs?.remove(this);
    this.#isWaiting = false;
    this.#source.failed(error);
  }

  #encryptNow(): void {
    this.#isWaiting = false;
    this.#options.pairs?.remove(this);
    this.cipher.apply(this.#slice, this.#pending);
  }

  #memory(length: number): Uint8Array {
    if (length > KEPT_SCRATCH_BYTES) return new Uint8Array(length);
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length);
    return this.#scratch.subarray(0, length);
  }
}
