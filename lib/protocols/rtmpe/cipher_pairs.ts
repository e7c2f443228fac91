import { Rc4, type Rc4Target } from "./rc4.ts";

/** A slice that is to be encrypted. */
export interface CipherTask extends Rc4Target {
  /** The slice; not changed meanwhile. */
  readonly input: Uint8Array;
  /** It was encrypted while it waited. */
  encrypted(): void;
}

/**
 * Encrypts the slices of players two at a time, since two streams in one loop cost less than one after the other
 * (`Rc4.applyBoth`). A flush gives one slice to player after player; each waits for the next one, the last until
 * the turn ends, so nothing leaves later than in its turn.
 */
export class CipherPairs {
  #waiting: CipherTask | undefined = undefined;
  #isArmed = false;

  /** Encrypts `task` together with the one that waits; without one of the same slice it waits itself. */
  add(task: CipherTask): "encrypted" | "waiting" {
    const partner = this.#waiting;
    if (partner !== undefined && partner.input === task.input) {
      this.#waiting = undefined;
      Rc4.applyBoth(task.input, [partner, task]);
      partner.encrypted();
      return "encrypted";
    }
    this.#waiting = task;
    if (partner !== undefined) encryptAlone(partner);
    if (!this.#isArmed) {
      this.#isArmed = true;
      queueMicrotask(this.#turnEnded);
    }
    return "waiting";
  }

  /** Takes `task` back, where it waits; it is not encrypted. */
  remove(task: CipherTask): void {
    if (this.#waiting === task) this.#waiting = undefined;
  }

  readonly #turnEnded = (): void => {
    this.#isArmed = false;
    const last = this.#waiting;
    this.#waiting = undefined;
    if (last !== undefined) encryptAlone(last);
  };
}

function encryptAlone(task: CipherTask): void {
  task.cipher.apply(task.input, task.output);
  task.encrypted();
}
