import type { SliceSource } from "#stack";
import type { CipherPairs, CipherTask } from "./cipher_pairs.ts";
import type { Rc4 } from "./rc4.ts";

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

/** Encrypts slices; what was encrypted and not accepted is offered again as it is. */
export class CipherSource implements SliceSource, CipherTask {
  readonly cipher: Rc4;
  readonly #source: SliceSource;
  readonly #options: CipherSourceOptions;
  /** Encrypted and not accepted yet. */
  #pending: Uint8Array = NOTHING;
  /** What holds it, if `pairs` gave it. */
  #output: Uint8Array | undefined;
  /** The slice that waits for a partner. */
  #slice: Uint8Array | undefined;

  constructor(source: SliceSource, options: CipherSourceOptions) {
    this.#source = source;
    this.#options = options;
    this.cipher = options.cipher;
  }

  get input(): Uint8Array {
    return this.#slice ?? NOTHING;
  }

  get isWaiting(): boolean {
    return this.#slice !== undefined;
  }

  get isAtBoundary(): boolean {
    return this.#pending.length === 0 && this.#slice === undefined && this.#source.isAtBoundary;
  }

  /** Has the carrier take the slice that waits for a partner now, if there is one. */
  settle(): void {
    if (this.isWaiting) this.#options.pairs?.encryptNow(this);
  }

  nextSlice(): Uint8Array | undefined {
    if (this.#pending.length > 0) return this.#pending;
    if (this.isWaiting) return undefined;
    const slice = this.#source.nextSlice();
    if (slice === undefined) return undefined;
    const { pairs } = this.#options;
    if (pairs !== undefined) {
      this.#slice = slice;
      pairs.add(this);
      return undefined;
    }
    this.#pending = new Uint8Array(slice.length);
    this.cipher.apply(slice, this.#pending);
    return this.#pending;
  }

  encrypted(output: Uint8Array): void {
    this.#pending = output.subarray(0, this.input.length);
    this.#output = output;
    this.#slice = undefined;
    this.#options.wake();
  }

  accepted(count: number): void {
    this.#pending = this.#pending.subarray(count);
    if (this.#pending.length === 0) this.#giveBack();
    this.#source.accepted(count);
  }

  failed(error: unknown): void {
    this.#slice = undefined;
    this.#pending = NOTHING;
    this.#giveBack();
    this.#source.failed(error);
  }

  #giveBack(): void {
    if (this.#output !== undefined) this.#options.pairs?.give(this.#output);
    this.#output = undefined;
  }
}
