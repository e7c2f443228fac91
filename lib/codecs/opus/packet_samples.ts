/** Of a frame at 48 kHz, by configuration number in the first byte: RFC 6716 table 2. */
const SILK_FRAME_SAMPLES = [480, 960, 1920, 2880] as const;
const HYBRID_FRAME_SAMPLES = [480, 960] as const;
const CELT_FRAME_SAMPLES = [120, 240, 480, 960] as const;
const FIRST_HYBRID = 12;
const FIRST_CELT = 16;
/** Longest a packet may be, 120 ms: RFC 6716 section 3.4, R5. */
const MAX_PACKET_SAMPLES = 5760;

/**
 * Samples at 48 kHz that an Opus packet gives per channel: RFC 6716 section 3.1.
 *
 * @param packet Borrowed; its first two bytes count.
 * @returns 120 to 5760; 0 where the packet is empty or malformed.
 */
export function opusPacketSamples(packet: Uint8Array): number {
  const [first, second] = packet;
  if (first === undefined) return 0;
  const configuration = first >> 3;
  const frameSamples = configuration >= FIRST_CELT
    ? CELT_FRAME_SAMPLES[configuration & 3]!
    : configuration >= FIRST_HYBRID
    ? HYBRID_FRAME_SAMPLES[configuration & 1]!
    : SILK_FRAME_SAMPLES[configuration & 3]!;
  const code = first & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : (second ?? 0) & 0x3f;
  const samples = frames * frameSamples;
  return samples <= MAX_PACKET_SAMPLES ? samples : 0;
}
