import type { Clock } from "#clock";
import type { Rc4 } from "./rc4.ts";
import { Rc4Lanes } from "./rc4_lanes.ts";

/**
 * Pairs encrypted in a row. The runtime lets a turn do 128 operations; writes beyond them wait for the next one, with
 * bytes that by then are in no cache.
 */
const PAIRS_IN_A_TURN = 48;

/** A slice that is to be encrypted. */
export interface CipherTask {
  readonly cipher: Rc4;
  /** The slice; not changed meanwhile. */
  readonly input: Uint8Array;
  /** Whether the bytes are still to be encrypted. */
  readonly isWaiting: boolean;
  /** The bytes as they are to be sent, at the start of `output`, which is given back once they were. */
  encrypted(output: Uint8Array): void;
}

/**
 * Encrypts the slices of players two at a time, since two streams in one loop cost less than one after the other
 * (`Rc4Lanes`). A flush gives one slice to player after player; each pair is sent before the next one is encrypted,
 * so a few outputs serve all of them.
 */
export class CipherPairs {
  readonly #clock: Clock;
  #lanes: Rc4Lanes | undefined;
  #waiting: CipherTask[] = [];
  #next = 0;
  #isArmed = false;
  #pairs = 0;

  /** @param clock Lets the runtime do other things between many pairs. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Encrypts `task` in its turn, unless it no longer waits by then. */
  add(task: CipherTask): void {
    this.#waiting.push(task);
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#pairs = 0;
    queueMicrotask(this.#encryptPair);
  }

  /** Encrypts `task` at once. */
  encryptNow(task: CipherTask): void {
    const output = this.#memory.take(task.input.length);
    task.cipher.apply(task.input, output);
    task.encrypted(output);
  }

  /** Takes back an output that was sent. */
  give(output: Uint8Array): void {
    this.#memory.give(output);
  }

  get #memory(): Rc4Lanes {
    return this.#lanes ??= new Rc4Lanes();
  }

  readonly #encryptPair = (): void => {
    const one = this.#take();
    if (one === undefined) {
      this.#isArmed = false;
      return;
    }
    const other = this.#take(one);
    if (other === undefined) this.encryptNow(one);
    else this.#encryptBoth(one, other);
    if (++this.#pairs % PAIRS_IN_A_TURN > 0) queueMicrotask(this.#encryptPair);
    else this.#clock.after(0, this.#encryptPair);
  };

  #encryptBoth(one: CipherTask, other: CipherTask): void {
    const memory = this.#memory;
    const { input } = one;
    const output = memory.take(input.length);
    const otherOutput = memory.take(input.length);
    memory.apply(input, [{ cipher: one.cipher, output }, { cipher: other.cipher, output: otherOutput }]);
    one.encrypted(output);
    other.encrypted(otherOutput);
  }

  /**
   * The next one that waits; as a partner of `one`, if it has that very input. Who was encrypted early and waits again
   * stands here twice.
   */
  #take(one?: CipherTask): CipherTask | undefined {
    for (; this.#next < this.#waiting.length; this.#next++) {
      const task = this.#waiting[this.#next]!;
      if (!task.isWaiting || task === one) continue;
      if (one !== undefined && task.input !== one.input) return undefined;
      this.#next++;
      return task;
    }
    this.#waiting = [];
    this.#next = 0;
    return undefined;
  }
}
