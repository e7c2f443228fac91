import { type Clock, type RandomBytes, systemRandomBytes } from "#clock";

/** For how long the key of a shutdown holds, in ms. */
export const SHUTDOWN_KEY_MS = 60_000;

/** Gives out keys that end the server, so that nobody ends it by mistake: the newest holds, once, for a minute. */
export class ShutdownKeys {
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;
  #open: { readonly key: string; readonly dueMs: number } | undefined;

  constructor(clock: Clock, randomBytes: RandomBytes = systemRandomBytes) {
    this.#clock = clock;
    this.#randomBytes = randomBytes;
  }

  /** A new key; the one before holds no more. */
  issue(): string {
    const key = this.#randomBytes(8).toHex();
    this.#open = { key, dueMs: this.#clock.nowMs() + SHUTDOWN_KEY_MS };
    return key;
  }

  /** Whether `key` is the one that holds; whatever it is, none holds afterwards. */
  use(key: string): boolean {
    const open = this.#open;
    this.#open = undefined;
    return open !== undefined && open.key === key && open.dueMs > this.#clock.nowMs();
  }
}
