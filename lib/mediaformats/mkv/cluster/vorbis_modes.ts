/** Bits of a mode: block flag, window type, transform type, mapping. Vorbis I section 4.2.4. */
const MODE_BITS = 41;
const MAX_MODES = 64;
/** Identification header: the exponents of both block sizes stand in one byte. Vorbis I section 4.2.2. */
const BLOCK_SIZES_AT = 28;

/**
 * How long Vorbis packets last: blocks are long or short, and each gives half of what it and the one before it
 * overlap. Vorbis I sections 1.3.2 and 4.3.
 */
export class VorbisModes {
  /** Samples of a short and of a long block. */
  readonly #blockSizes: readonly [number, number];
  /** Whether blocks of each mode are long. */
  readonly #isLong: readonly boolean[];
  #previous: number;

  private constructor(blockSizes: readonly [number, number], isLong: readonly boolean[]) {
    this.#blockSizes = blockSizes;
    this.#isLong = isLong;
    this.#previous = blockSizes[isLong[0] ? 1 : 0];
  }

  /**
   * Reads what CodecPrivate tells of the modes.
   *
   * @param headers The three headers, laced as Xiph does; borrowed.
   * @returns `undefined` if they are malformed.
   */
  static read(headers: Uint8Array): VorbisModes | undefined {
    const starts = splitHeaders(headers);
    const sizes = starts === undefined ? undefined : headers[starts.identification + BLOCK_SIZES_AT];
    const isLong = starts === undefined ? undefined : readModes(headers.subarray(starts.setup));
    if (sizes === undefined || isLong === undefined) return undefined;
    return new VorbisModes([1 << (sizes & 15), 1 << (sizes >> 4)], isLong);
  }

  /** Samples that a packet gives per channel; 0 where it is no audio. */
  samplesOf(packet: Uint8Array): number {
    const first = packet[0] ?? 1;
    if ((first & 1) !== 0) return 0;
    const modeBits = this.#isLong.length === 1 ? 0 : 32 - Math.clz32(this.#isLong.length - 1);
    const mode = first >> 1 & (1 << modeBits) - 1;
    if (mode >= this.#isLong.length) return 0;
    const isLong = this.#isLong[mode]!;
    const current = this.#blockSizes[isLong ? 1 : 0];
    // a long block says how long the one before it was
    const previous = isLong ? this.#blockSizes[first >> modeBits + 1 & 1]! : this.#previous;
    this.#previous = current;
    return previous + current >> 2;
  }
}

function splitHeaders(headers: Uint8Array): { identification: number; setup: number } | undefined {
  if (headers[0] !== 2) return undefined;
  const sizes: number[] = [];
  let at = 1;
  for (let header = 0; header < 2; header++) {
    let size = 0;
    let byte = 255;
    for (; byte === 255; at++) {
      if (at >= headers.length) return undefined;
      byte = headers[at]!;
      size += byte;
    }
    sizes.push(size);
  }
  const setup = at + sizes[0]! + sizes[1]!;
  return setup < headers.length ? { identification: at, setup } : undefined;
}

/**
 * Modes are the last part of the setup header, behind much that is costly to read; so they are read from its end:
 * the framing bit, then modes as long as their fixed zeros fit, until the count before them is right.
 */
function readModes(setup: Uint8Array): boolean[] | undefined {
  let end = setup.length * 8 - 1;
  while (end >= 0 && bitsAt(setup, end, 1) === 0) end--;
  let found: boolean[] | undefined;
  const isLong: boolean[] = [];
  for (let at = end - MODE_BITS; at >= 6 && isLong.length < MAX_MODES; at -= MODE_BITS) {
    const isMode = bitsAt(setup, at + 1, 16) === 0 && bitsAt(setup, at + 17, 16) === 0 &&
      bitsAt(setup, at + 33, 8) < MAX_MODES;
    if (!isMode) break;
    isLong.unshift(bitsAt(setup, at, 1) === 1);
    if (bitsAt(setup, at - 6, 6) + 1 === isLong.length) found = isLong.slice();
  }
  return found;
}

/** Bits from the lowest of a byte on: Vorbis I section 2.1.4. */
function bitsAt(bytes: Uint8Array, bitOffset: number, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index++) {
    const at = bitOffset + index;
    value |= (bytes[at >> 3]! >> (at & 7) & 1) << index;
  }
  return value;
}
