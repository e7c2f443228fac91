/** Remainders of all bytes, for {@link sectionCrc}. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit++) remainder = remainder << 1 ^ (remainder < 0 ? 0x04c1_1db7 : 0);
  return remainder >>> 0;
});

/**
 * CRC-32 of sections: ISO/IEC 13818-1 annex A (not reflected, 0x04C11DB7).
 *
 * @param bytes Borrowed.
 * @returns 0 to 2^32 - 1; 0 over a section that ends with its CRC.
 */
export function sectionCrc(bytes: Uint8Array): number {
  let remainder = 0xffff_ffff;
  for (let index = 0; index < bytes.length; index++) {
    remainder = remainder << 8 ^ TABLE[(remainder >>> 24 ^ bytes[index]!) & 0xff]!;
  }
  return remainder >>> 0;
}
