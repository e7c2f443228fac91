import { type Rc4, RC4_TABLE_BYTES, type Rc4State } from "./rc4.ts";
import { LANE_LAYOUT, LANES, PAGE_BYTES, rc4Program } from "./rc4_program.ts";

/** The longest slice that is encrypted where it will be sent from; so much of a longer one at a time. */
const PIECE_BYTES = PAGE_BYTES;
/** Outputs in the program's memory: as many as may be on their way to sockets, and some for slow players. */
const OUTPUTS = 160;

const INPUT_AT = PAGE_BYTES;
const SCRATCH_AT = 2 * PAGE_BYTES;
const OUTPUTS_AT = (2 + LANES) * PAGE_BYTES;

/** Where a stream puts what it encrypts. */
export interface Rc4Target {
  readonly cipher: Rc4;
  /** At least as long as the input; best what `Rc4Lanes.take` gave. */
  readonly output: Uint8Array;
}

interface Program {
  readonly memory: WebAssembly.Memory;
  readonly run: (rounds: number, ...inputsAndOutputs: number[]) => void;
}

/** Encrypts the same bytes for two streams in one loop of WebAssembly, and holds what comes of it. */
export class Rc4Lanes {
  readonly #program: Program;
  readonly #bytes: Uint8Array;
  readonly #scratches: readonly Uint8Array[];
  readonly #free: Uint8Array[];

  constructor() {
    const module = new WebAssembly.Module(rc4Program(2 + LANES + OUTPUTS));
    // its exports are what `rc4Program` says
    this.#program = new WebAssembly.Instance(module).exports as unknown as Program;
    const { buffer } = this.#program.memory;
    const pieces = (at: number, length: number) =>
      Array.from({ length }, (_, index) => new Uint8Array(buffer, at + index * PIECE_BYTES, PIECE_BYTES));
    this.#bytes = new Uint8Array(buffer);
    this.#scratches = pieces(SCRATCH_AT, LANES);
    this.#free = pieces(OUTPUTS_AT, OUTPUTS);
  }

  /** Memory for `length` bytes or more: of the program, or of its own for a long slice or where that is all in use. */
  take(length: number): Uint8Array {
    const output = length > PIECE_BYTES ? undefined : this.#free.pop();
    return output ?? new Uint8Array(length);
  }

  /** Takes back what `take` gave, once nobody reads it any more. */
  give(output: Uint8Array): void {
    if (this.#has(output)) this.#free.push(output);
  }

  /** Encrypts `input` for both targets. HOT. */
  apply(input: Uint8Array, [one, other]: readonly [Rc4Target, Rc4Target]): void {
    if (this.#has(one.output) && this.#has(other.output)) return this.#applyHere(input, [one, other]);
    const [scratch, otherScratch] = this.#scratches as [Uint8Array, Uint8Array];
    for (let at = 0; at < input.length; at += PIECE_BYTES) {
      const piece = input.subarray(at, at + PIECE_BYTES);
      this.#applyHere(piece, [
        { cipher: one.cipher, output: scratch },
        { cipher: other.cipher, output: otherScratch },
      ]);
      one.output.set(scratch.subarray(0, piece.length), at);
      other.output.set(otherScratch.subarray(0, piece.length), at);
    }
  }

  /**
   * The program begins where a table does: the bytes up to there, and those behind the last whole round over it, are
   * made one stream after the other.
   */
  #applyHere(input: Uint8Array, [one, other]: readonly [Rc4Target, Rc4Target]): void {
    const head = headOf(one);
    const otherHead = headOf(other);
    const rounds = Math.floor((input.length - Math.max(head, otherHead)) / RC4_TABLE_BYTES);
    if (rounds <= 0) {
      one.cipher.apply(input, one.output);
      other.cipher.apply(input, other.output);
      return;
    }
    const length = rounds * RC4_TABLE_BYTES;
    applyFrom(0, head, input, one);
    applyFrom(0, otherHead, input, other);
    this.#bytes.set(input, INPUT_AT);
    this.#enter(0, one.cipher.state);
    this.#enter(1, other.cipher.state);
    const outputAt = one.output.byteOffset + head;
    const otherOutputAt = other.output.byteOffset + otherHead;
    this.#program.run(rounds, INPUT_AT + head, outputAt, INPUT_AT + otherHead, otherOutputAt);
    this.#leave(0, one.cipher.state);
    this.#leave(1, other.cipher.state);
    applyFrom(head + length, input.length, input, one);
    applyFrom(otherHead + length, input.length, input, other);
  }

  #has(output: Uint8Array): boolean {
    return output.buffer === this.#bytes.buffer;
  }

  #enter(lane: number, { table, j }: Rc4State): void {
    this.#bytes.set(table, LANE_LAYOUT.tableAt(lane));
    this.#bytes[LANE_LAYOUT.jAt(lane)] = j;
  }

  /** The last round ended with the last entry of the table, as the one before its first had. */
  #leave(lane: number, state: Rc4State): void {
    const at = LANE_LAYOUT.tableAt(lane);
    state.table.set(this.#bytes.subarray(at, at + RC4_TABLE_BYTES));
    state.i = RC4_TABLE_BYTES - 1;
    state.j = this.#bytes[LANE_LAYOUT.jAt(lane)]!;
  }
}

/** Bytes up to the one for which the stream uses entry 0. */
function headOf({ cipher }: Rc4Target): number {
  return RC4_TABLE_BYTES - 1 - cipher.state.i;
}

function applyFrom(from: number, to: number, input: Uint8Array, { cipher, output }: Rc4Target): void {
  cipher.apply(input.subarray(from, to), output.subarray(from, to));
}
