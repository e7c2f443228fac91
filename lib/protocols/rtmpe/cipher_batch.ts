import { Rc4Lanes, type Rc4Target } from "./rc4_lanes.ts";
import { LANES } from "./rc4_program.ts";

/** A slice that is to be encrypted. */
export interface CipherTask extends Rc4Target {
  /** The slice; not changed meanwhile. */
  readonly input: Uint8Array;
  /** It was encrypted while it waited. */
  encrypted(): void;
}

/**
 * Encrypts the slices of players three at a time, since three streams in one loop cost less than one after the other.
 *
 * A flush gives one slice to player after player. Each waits until there are three, the last of them until the turn
 * ends, so nothing leaves later than in its turn.
 */
export class CipherBatch {
  #lanes: Rc4Lanes | undefined;
  /** Fewer than `LANES`, all of one slice. */
  #waiting: CipherTask[] = [];
  #isArmed = false;

  /** Encrypts `task` together with those that wait, if that makes enough of one slice; or lets it wait, too. */
  add(task: CipherTask): "encrypted" | "waiting" {
    if (this.#waiting.length > 0 && this.#waiting[0]!.input !== task.input) this.#encryptRest();
    this.#waiting.push(task);
    if (this.#waiting.length < LANES) {
      this.#arm();
      return "waiting";
    }
    const batch = this.#take();
    this.#lanes ??= new Rc4Lanes();
    this.#lanes.apply(task.input, batch);
    for (const each of batch) if (each !== task) each.encrypted();
    return "encrypted";
  }

  /** Takes `task` back, if it waits; it is not encrypted. */
  remove(task: CipherTask): void {
    const at = this.#waiting.indexOf(task);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    queueMicrotask(() => {
      this.#isArmed = false;
      this.#encryptRest();
    });
  }

  /** Too few for one loop. */
  #encryptRest(): void {
    const rest = this.#take();
    for (const { cipher, input, output } of rest) cipher.apply(input, output);
    for (const task of rest) task.encrypted();
  }

  #take(): CipherTask[] {
    const batch = this.#waiting;
    this.#waiting = [];
    return batch;
  }
}
