import { createHmac, timingSafeEqual } from "node:crypto";
import { type Clock, type RandomBytes, systemRandomBytes } from "#clock";

/** How long a nonce may be used, in ms; then the same user and password are asked for with another. */
export const NONCE_LIFE_MS = 300_000;
/** Most nonces whose counts are remembered; those used longest ago are then too old. */
export const MAX_USED_NONCES = 10_000;

const RANDOM_BYTES = 8;
const TIME_BYTES = 8;
const SEAL_BYTES = 16;

/**
 * Nonces of Digest authentication. Each holds when it was made under a seal of this side, so that one costs no memory
 * until somebody has answered it rightly.
 */
export class DigestNonces {
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;
  readonly #sealKey: Uint8Array;
  /** The highest count of each nonce that was used, the one used last at the end. */
  readonly #counts = new Map<string, number>();
  /** When the newest nonce was made whose count is not remembered. */
  #forgottenMs = -Infinity;

  /** @param clock Time of their age. */
  constructor(clock: Clock, randomBytes: RandomBytes = systemRandomBytes) {
    this.#clock = clock;
    this.#randomBytes = randomBytes;
    this.#sealKey = randomBytes(32);
  }

  /** A nonce that nobody has used. */
  issue(): string {
    const bytes = new Uint8Array(TIME_BYTES + RANDOM_BYTES + SEAL_BYTES);
    new DataView(bytes.buffer).setFloat64(0, this.#clock.nowMs());
    bytes.set(this.#randomBytes(RANDOM_BYTES), TIME_BYTES);
    bytes.set(this.#seal(bytes), TIME_BYTES + RANDOM_BYTES);
    return bytes.toHex();
  }

  /** Whether it was made here, and not too long ago. */
  isFresh(nonce: string): boolean {
    if (!/^[\da-f]{64}$/.test(nonce)) return false;
    const bytes = Uint8Array.fromHex(nonce);
    if (!timingSafeEqual(this.#seal(bytes), bytes.subarray(TIME_BYTES + RANDOM_BYTES))) return false;
    const madeMs = madeAtMs(bytes);
    return madeMs > this.#forgottenMs && this.#clock.nowMs() - madeMs <= NONCE_LIFE_MS;
  }

  /**
   * Notes that a fresh nonce was used with this count; for right answers only, whose number is bounded.
   *
   * @returns False for a count that is not higher than those before: an answer that was overheard.
   */
  use(nonce: string, count: number): boolean {
    if (count <= (this.#counts.get(nonce) ?? 0)) return false;
    this.#counts.delete(nonce);
    this.#counts.set(nonce, count);
    if (this.#counts.size > MAX_USED_NONCES) this.#forgetOldest();
    return true;
  }

  /** What is forgotten could be used again: nothing that was made before it is taken any more. */
  #forgetOldest(): void {
    const [oldest] = this.#counts.keys();
    if (oldest === undefined) return;
    this.#counts.delete(oldest);
    this.#forgottenMs = Math.max(this.#forgottenMs, madeAtMs(Uint8Array.fromHex(oldest)));
  }

  #seal(bytes: Uint8Array): Uint8Array {
    return createHmac("sha256", this.#sealKey).update(bytes.subarray(0, TIME_BYTES + RANDOM_BYTES)).digest()
      .subarray(0, SEAL_BYTES);
  }
}

function madeAtMs(nonce: Uint8Array): number {
  return new DataView(nonce.buffer, nonce.byteOffset).getFloat64(0);
}
