/**
 * Returns the raw byte sequence payload of a NAL unit: the bytes without the 0x03 that keeps start codes
 * from appearing. H.264 section 7.3.1, H.265 section 7.3.1.1.
 *
 * @param nalUnit Without start code or length; borrowed.
 * @returns `nalUnit` itself where nothing is to be taken out, otherwise a new array.
 */
export function unescapeNalUnit(nalUnit: Uint8Array): Uint8Array {
  let zeros = 0;
  let kept = 0;
  let copy: Uint8Array | undefined;
  for (let index = 0; index < nalUnit.length; index++) {
    const byte = nalUnit[index]!;
    if (zeros >= 2 && byte === 3) {
      copy ??= nalUnit.slice();
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    if (copy !== undefined) copy[kept] = byte;
    kept++;
  }
  return copy === undefined ? nalUnit : copy.subarray(0, kept);
}
