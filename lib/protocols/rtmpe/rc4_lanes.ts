import type { Rc4 } from "./rc4.ts";
import { BLOCK_BYTES, LANES, LAYOUT, rc4Program } from "./rc4_program.ts";

/** Where a stream puts what it encrypts. */
export interface Rc4Target {
  readonly cipher: Rc4;
  /** At least as long as the input. */
  readonly output: Uint8Array;
}

/** What the program exports. */
interface Rc4Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  run(at: number, length: number): void;
}

/** Encrypts the same bytes for several streams in one loop, at less than two thirds of the time of one by one. */
export class Rc4Lanes {
  readonly #program: Rc4Exports;
  readonly #input: Uint8Array;
  readonly #states: readonly Uint8Array[];
  readonly #outputs: readonly Uint8Array[];

  /** Compiles the loop, which takes less than a millisecond. */
  constructor() {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(rc4Program()));
    // its exports are what `rc4Program` writes
    this.#program = instance.exports as unknown as Rc4Exports;
    const { buffer } = this.#program.memory;
    const lanes = Array.from({ length: LANES }, (_, lane) => lane);
    this.#input = new Uint8Array(buffer, LAYOUT.inputAt, BLOCK_BYTES);
    this.#states = lanes.map((lane) => new Uint8Array(buffer, LAYOUT.stateAt(lane)));
    this.#outputs = lanes.map((lane) => new Uint8Array(buffer, LAYOUT.outputAt(lane), BLOCK_BYTES));
  }

  /**
   * Encrypts `input` for each of `targets`, which are of different ciphers. HOT.
   *
   * @throws {RangeError} If there are not `LANES` of them.
   */
  apply(input: Uint8Array, targets: readonly Rc4Target[]): void {
    if (targets.length !== LANES) {
      throw new RangeError(`Cannot encrypt in ${LANES} lanes: there are ${targets.length} targets`);
    }
    for (let lane = 0; lane < LANES; lane++) targets[lane]!.cipher.save(this.#states[lane]!);
    for (let at = 0; at < input.length; at += BLOCK_BYTES) {
      const length = Math.min(BLOCK_BYTES, input.length - at);
      this.#input.set(length === input.length ? input : input.subarray(at, at + length));
      this.#program.run(LAYOUT.inputAt, length);
      for (let lane = 0; lane < LANES; lane++) {
        const output = this.#outputs[lane]!;
        targets[lane]!.output.set(length === BLOCK_BYTES ? output : output.subarray(0, length), at);
      }
    }
    for (let lane = 0; lane < LANES; lane++) targets[lane]!.cipher.restore(this.#states[lane]!);
  }
}
