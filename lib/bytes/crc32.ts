/** Remainders of all bytes, for {@link crc32}. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder >>> 1 ^ (remainder & 1 ? 0xedb8_8320 : 0);
  return remainder;
});

/** CRC-32 of `bytes` as gzip, PNG and Ethernet have it (ISO-HDLC: reflected, 0x04C11DB7); 0 to 2^32 - 1. */
export function crc32(bytes: Uint8Array): number {
  let remainder = 0xffff_ffff;
  for (let i = 0; i < bytes.length; i++) remainder = remainder >>> 8 ^ TABLE[(remainder ^ bytes[i]!) & 0xff]!;
  return ~remainder >>> 0;
}
