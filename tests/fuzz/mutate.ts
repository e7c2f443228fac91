/**
 * Mutations of recorded sessions: what goes wrong on a wire, and what an attacker tries.
 *
 * @module
 */

/** A small generator of pseudo-random numbers; the same seed gives the same run. */
export class FuzzRandom {
  #state: number;

  /** @param seed Any integer. */
  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return this.#state % Math.max(1, limit);
  }

  /** One of `items`, which must not be empty. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}

const INTERESTING_BYTES = [0, 1, 2, 3, 7, 9, 0x10, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff];
const INTERESTING_NUMBERS = [
  ...[0, 1, 127, 128, 255, 256, 65_535, 65_536, 0xfffffe, 0xffffff, 0x1000000],
  ...[0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff],
];
const MOST_BYTES = 256 * 1024;
const MOST_STEPS = 6;

type Step = (bytes: Uint8Array, random: FuzzRandom, corpus: readonly Uint8Array[]) => Uint8Array;

const STEPS: readonly Step[] = [
  function flipBit(bytes, random) {
    const changed = bytes.slice();
    changed[random.below(bytes.length)]! ^= 1 << random.below(8);
    return changed;
  },
  function setByte(bytes, random) {
    const changed = bytes.slice();
    changed[random.below(bytes.length)] = random.pick(INTERESTING_BYTES);
    return changed;
  },
  function setNumber(bytes, random) {
    const changed = bytes.slice();
    const length = 2 + random.below(3);
    const at = random.below(bytes.length);
    let value = random.pick(INTERESTING_NUMBERS);
    for (let i = length - 1; i >= 0; i--) {
      if (at + i < changed.length) changed[at + i] = value & 0xff;
      value = Math.floor(value / 256);
    }
    return changed;
  },
  function remove(bytes, random) {
    const at = random.below(bytes.length);
    return join(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(64)));
  },
  function truncate(bytes, random) {
    return bytes.slice(0, random.below(bytes.length));
  },
  function repeat(bytes, random) {
    const at = random.below(bytes.length);
    const part = bytes.subarray(at, at + 1 + random.below(256));
    const parts = Array.from({ length: 1 + random.below(20) }, () => part);
    return join(bytes.subarray(0, at), ...parts, bytes.subarray(at));
  },
  function insert(bytes, random) {
    const at = random.below(bytes.length);
    const made = Uint8Array.from({ length: 1 + random.below(16) }, () => random.below(256));
    return join(bytes.subarray(0, at), made, bytes.subarray(at));
  },
  function splice(bytes, random, corpus) {
    const other = random.pick(corpus);
    return join(bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length)));
  },
  function swap(bytes, random) {
    const [from, to] = [random.below(bytes.length), random.below(bytes.length)].sort((a, b) => a - b);
    const length = random.below(64);
    const changed = bytes.slice();
    changed.copyWithin(to!, from!, from! + length);
    return changed;
  },
];

/** Changes `bytes` in one to six steps; the result may be empty, and is at most 256 KiB long. */
export function mutate(bytes: Uint8Array, random: FuzzRandom, corpus: readonly Uint8Array[]): Uint8Array {
  let changed = bytes;
  for (let left = 1 + random.below(MOST_STEPS); left > 0 && changed.length > 0; left--) {
    changed = random.pick(STEPS)(changed, random, corpus).subarray(0, MOST_BYTES);
  }
  return changed.slice();
}

/** Cuts `bytes` into parts of 0 to about 300 bytes, many of them very short. */
export function splitAtRandom(bytes: Uint8Array, random: FuzzRandom): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const most = random.pick([1, 4, 300]);
  const scale = Math.max(most, bytes.length >> 10);
  for (let at = 0; at < bytes.length;) {
    const length = random.below(scale + 1);
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}

/** A seed that follows from `bytes`, so that an input is run the same way whenever it is run. */
export function seedOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
