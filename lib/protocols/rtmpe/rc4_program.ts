import { RC4_STATE } from "./rc4.ts";

/** Streams in one loop: 760 MB/s with two, 830 with three, 700 with four, for want of registers. */
export const LANES = 3;
/** Most bytes of one call: input and outputs together stay in the processor's first cache. */
export const BLOCK_BYTES = 8_192;

/** Where the program's memory holds things; the lanes' outputs stand as far from the input as `outputAt` says. */
export const LAYOUT = {
  stateAt: (lane: number) => lane * 512,
  inputAt: 4_096,
  outputAt: (lane: number) => LAYOUT.inputAt + (lane + 1) * BLOCK_BYTES,
} as const;

/** Instructions in use: WebAssembly Core 1.0, section 5.4. */
const OP = {
  loop: [0x03, 0x40],
  end: [0x0b],
  branchIf: (depth: number) => [0x0d, depth],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  tee: (local: number) => [0x22, local],
  load8: (offset: number) => [0x2d, 0, ...unsigned(offset)],
  store8: (offset: number) => [0x3a, 0, ...unsigned(offset)],
  constant: (value: number) => [0x41, ...signed(value)],
  lessThan: [0x49],
  add: [0x6a],
  and: [0x71],
  xor: [0x73],
} as const;

const I32 = 0x7f;
/** Parameters of the program: where the input goes on, and how long it is; the latter becomes its end. */
const AT = 0;
const END = 1;
const PLAIN = 2;
/** The locals of a lane. */
const local = (lane: number) => ({ i: 3 + lane * 4, j: 4 + lane * 4, a: 5 + lane * 4, b: 6 + lane * 4 });
const WRAP = [...OP.constant(0xff), ...OP.and];

/**
 * A module of one function `run(at, length)`, which encrypts `length` bytes, 1 or more, at `at` for every lane, and
 * its `memory`.
 *
 * What `Rc4.apply` does for one stream it does for all in turn, step by step: each byte of a stream waits for the one
 * before it, and the other streams fill that time. Tables at constant addresses and without checks of bounds leave
 * registers for a third one.
 */
export function rc4Program(): Uint8Array<ArrayBuffer> {
  const each = (code: (lane: number) => readonly number[]) =>
    Array.from({ length: LANES }, (_, lane) => code(lane)).flat();
  const tableAt = LAYOUT.stateAt;
  const state = (lane: number, offset: number) => LAYOUT.stateAt(lane) + offset;
  const body = [
    ...each((lane) => [...OP.constant(0), ...OP.load8(state(lane, RC4_STATE.i)), ...OP.set(local(lane).i)]),
    ...each((lane) => [...OP.constant(0), ...OP.load8(state(lane, RC4_STATE.j)), ...OP.set(local(lane).j)]),
    ...OP.get(AT),
    ...OP.get(END),
    ...OP.add,
    ...OP.set(END),
    ...OP.loop,
    // i = i + 1, a = table[i]
    ...each((lane) => {
      const { i, a } = local(lane);
      return [...OP.get(i), ...OP.constant(1), ...OP.add, ...WRAP, ...OP.tee(i), ...load(lane, a)];
    }),
    // j = j + a, b = table[j]
    ...each((lane) => {
      const { j, a, b } = local(lane);
      return [...OP.get(j), ...OP.get(a), ...OP.add, ...WRAP, ...OP.tee(j), ...load(lane, b)];
    }),
    // table[i] = b, table[j] = a
    ...each((lane) => {
      const { i, j, a, b } = local(lane);
      const store = OP.store8(tableAt(lane));
      return [...OP.get(i), ...OP.get(b), ...store, ...OP.get(j), ...OP.get(a), ...store];
    }),
    ...OP.get(AT),
    ...OP.load8(0),
    ...OP.set(PLAIN),
    // output = plain ^ table[a + b]
    ...each((lane) => {
      const { a, b } = local(lane);
      const key = [...OP.get(a), ...OP.get(b), ...OP.add, ...WRAP, ...OP.load8(tableAt(lane))];
      const distance = LAYOUT.outputAt(lane) - LAYOUT.inputAt;
      return [...OP.get(AT), ...OP.get(PLAIN), ...key, ...OP.xor, ...OP.store8(distance)];
    }),
    ...OP.get(AT),
    ...OP.constant(1),
    ...OP.add,
    ...OP.tee(AT),
    ...OP.get(END),
    ...OP.lessThan,
    ...OP.branchIf(0),
    ...OP.end,
    ...each((lane) => [...OP.constant(0), ...OP.get(local(lane).i), ...OP.store8(state(lane, RC4_STATE.i))]),
    ...each((lane) => [...OP.constant(0), ...OP.get(local(lane).j), ...OP.store8(state(lane, RC4_STATE.j))]),
    ...OP.end,
  ];
  const locals = [1, ...unsigned(1 + LANES * 4), I32];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // types, functions, memory of one page, exports, code: section 5.5
    ...section(1, [1, 0x60, 2, I32, I32, 0]),
    ...section(3, [1, 0]),
    // of fixed size, so that its bound is known when the loop is compiled: 5 % faster
    ...section(5, [1, 1, 1, 1]),
    ...section(7, [2, ...exported("run", [0, 0]), ...exported("memory", [2, 0])]),
    ...section(10, [1, ...sized([...locals, ...body])]),
  ]);
}

function load(lane: number, into: number): readonly number[] {
  return [...OP.load8(LAYOUT.stateAt(lane)), ...OP.set(into)];
}

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, ...sized(content)];
}

function exported(name: string, index: readonly number[]): readonly number[] {
  return [...sized([...new TextEncoder().encode(name)]), ...index];
}

function sized(content: readonly number[]): readonly number[] {
  return [...unsigned(content.length), ...content];
}

/** LEB128: section 5.2.2. */
function unsigned(value: number): readonly number[] {
  return value < 0x80 ? [value] : [value & 0x7f | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): readonly number[] {
  return value < 0x40 ? [value] : [value & 0x7f | 0x80, ...signed(value >> 7)];
}
