import { RC4_TABLE_BYTES } from "./rc4.ts";

/** Streams in one loop. Three and four need more registers than there are: a quarter slower. */
export const LANES = 2;
/** A page of WebAssembly's memory. */
export const PAGE_BYTES = 65_536;

/** Steps between two jumps, a divisor of a table's entries. */
const STEPS = 16;
const VECTOR_BYTES = 16;

/** Where a lane's state stands in the memory: a 32-bit `j`, the table, and the key stream of a round over it. */
export const LANE_LAYOUT = {
  jAt: (lane: number) => lane * 1024,
  tableAt: (lane: number) => lane * 1024 + 64,
  keyAt: (lane: number) => lane * 1024 + 512,
} as const;

/** Instructions in use: WebAssembly Core 2.0, section 5.4. */
const OP = {
  loop: [0x03, 0x40],
  end: [0x0b],
  branchIf: (depth: number) => [0x0d, depth],
  select: [0x1b],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  tee: (local: number) => [0x22, local],
  load: (offset: number) => [0x28, 0, ...unsigned(offset)],
  load8: (offset: number) => [0x2d, 0, ...unsigned(offset)],
  store: (offset: number) => [0x36, 0, ...unsigned(offset)],
  store8: (offset: number) => [0x3a, 0, ...unsigned(offset)],
  constant: (value: number) => [0x41, ...signed(value)],
  equal: [0x46],
  add: [0x6a],
  subtract: [0x6b],
  and: [0x71],
  loadVector: (offset: number) => [0xfd, 0, 0, ...unsigned(offset)],
  storeVector: (offset: number) => [0xfd, 11, 0, ...unsigned(offset)],
  xorVector: [0xfd, 0x51],
} as const;
const WRAP = [...OP.constant(RC4_TABLE_BYTES - 1), ...OP.and];

const I32 = 0x7f;
/** Rounds that are left; the entry of this step's run, and of the next one's. */
const ROUNDS = 0;
const I = 1 + 2 * LANES;
const NEXT_I = I + 1;

/** The locals of a lane; the first two are parameters. */
const localsOf = (lane: number) => ({
  input: 1 + 2 * lane,
  output: 2 + 2 * lane,
  j: NEXT_I + 1 + 4 * lane,
  b: NEXT_I + 2 + 4 * lane,
  /** Of this step and of the next one, in turn. */
  a: (step: number) => NEXT_I + 3 + 4 * lane + step % 2,
});

interface Lane extends ReturnType<typeof localsOf> {
  readonly jAt: number;
  readonly tableAt: number;
  readonly keyAt: number;
}

/**
 * A module of one function, `run(rounds, input, output, input, output)`, and its `memory` of `pages`.
 *
 * For each lane `rounds` times `RC4_TABLE_BYTES` at `input` are encrypted to `output`; it begins at entry 0 of its
 * table. `Rc4.apply` says what a step is; here all lanes take it together, since each byte of a stream waits for the
 * one before it, and the other stream fills that time.
 */
export function rc4Program(pages: number): Uint8Array<ArrayBuffer> {
  const body = [
    ...each(({ j, a, jAt, tableAt }) => [
      ...[...OP.constant(0), ...OP.load(jAt), ...OP.set(j)],
      ...[...OP.constant(0), ...OP.load8(tableAt), ...OP.set(a(0))],
    ]),
    ...OP.loop,
    ...OP.loop,
    ...Array.from({ length: STEPS }, (_, step) => stepOf(step)).flat(),
    ...[...OP.get(NEXT_I), ...OP.tee(I), ...OP.branchIf(0)],
    ...OP.end,
    ...each(meetInput),
    ...[...OP.get(ROUNDS), ...OP.constant(1), ...OP.subtract, ...OP.tee(ROUNDS), ...OP.branchIf(0)],
    ...OP.end,
    ...each(({ j, jAt }) => [...OP.constant(0), ...OP.get(j), ...OP.store(jAt)]),
    ...OP.end,
  ];
  const parameters = Array.from({ length: 1 + 2 * LANES }, () => I32);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // types, functions, memory, exports, code: section 5.5
    ...section(1, [1, 0x60, ...sized(parameters), 0]),
    ...section(3, [1, 0]),
    // of fixed size, so that no view of it is ever detached
    ...section(5, [1, 1, ...unsigned(pages), ...unsigned(pages)]),
    ...section(7, [2, ...exported("run", [0, 0]), ...exported("memory", [2, 0])]),
    ...section(10, [1, ...sized([1, 2 + 4 * LANES, I32, ...body])]),
  ]);
}

/** One byte of key stream of each lane. */
function stepOf(step: number): readonly number[] {
  const isLast = step === STEPS - 1;
  const next = isLast ? OP.get(NEXT_I) : [...OP.get(I), ...OP.constant(step + 1), ...OP.add];
  return [
    ...(isLast ? [...OP.get(I), ...OP.constant(STEPS), ...OP.add, ...WRAP, ...OP.set(NEXT_I)] : []),
    // j = j + a, b = table[j], and a of the next step
    ...each(({ j, a, b, tableAt }) => [
      ...[
        ...OP.get(j),
        ...OP.get(a(step)),
        ...OP.add,
        ...WRAP,
        ...OP.tee(j),
        ...OP.load8(tableAt),
        ...OP.set(b),
      ],
      ...(isLast ? [...next, ...OP.load8(tableAt)] : [...OP.get(I), ...OP.load8(tableAt + step + 1)]),
      ...OP.set(a(step + 1)),
    ]),
    // table[i] = b, table[j] = a
    ...each(({ j, a, b, tableAt }) => [
      ...[...OP.get(I), ...OP.get(b), ...OP.store8(tableAt + step)],
      ...[...OP.get(j), ...OP.get(a(step)), ...OP.store8(tableAt)],
    ]),
    // the next a was read before them
    ...each(({ j, a }) => [
      ...[...OP.get(a(step)), ...OP.get(a(step + 1)), ...OP.get(j), ...next, ...OP.equal, ...OP.select],
      ...OP.set(a(step + 1)),
    ]),
    // key = table[a + b]
    ...each(({ a, b, tableAt, keyAt }) => [
      ...[...OP.get(I), ...OP.get(a(step)), ...OP.get(b), ...OP.add, ...WRAP, ...OP.load8(tableAt)],
      ...OP.store8(keyAt + step),
    ]),
  ];
}

/** Output is input with the key stream of a round. */
function meetInput({ input, output, keyAt }: Lane): readonly number[] {
  const vectors = Array.from({ length: RC4_TABLE_BYTES / VECTOR_BYTES }, (_, index) => {
    const at = index * VECTOR_BYTES;
    const key = [...OP.constant(0), ...OP.loadVector(keyAt + at)];
    return [
      ...OP.get(output),
      ...OP.get(input),
      ...OP.loadVector(at),
      ...key,
      ...OP.xorVector,
      ...OP.storeVector(at),
    ];
  });
  const advance = (local: number) => [
    ...[...OP.get(local), ...OP.constant(RC4_TABLE_BYTES), ...OP.add, ...OP.set(local)],
  ];
  return [...vectors.flat(), ...advance(input), ...advance(output)];
}

function each(code: (lane: Lane) => readonly number[]): readonly number[] {
  return Array.from({ length: LANES }, (_, lane) =>
    code({
      ...localsOf(lane),
      jAt: LANE_LAYOUT.jAt(lane),
      tableAt: LANE_LAYOUT.tableAt(lane),
      keyAt: LANE_LAYOUT.keyAt(lane),
    })).flat();
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
