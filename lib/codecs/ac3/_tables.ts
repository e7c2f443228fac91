/** In Hz, by fscod: ATSC A/52 table 5.6; 3 is reserved, or half the rates in E-AC-3. */
export const AC3_SAMPLE_RATES = [48_000, 44_100, 32_000] as const;

/** In Hz, by fscod2: ATSC A/52 annex E table E2.3. */
export const EAC3_HALF_SAMPLE_RATES = [24_000, 22_050, 16_000] as const;

/** In kbit/s, by half of frmsizecod: ATSC A/52 table 5.18. */
export const AC3_BITRATES_KBPS = [
  32,
  40,
  48,
  56,
  64,
  80,
  96,
  112,
  128,
  160,
  192,
  224,
  256,
  320,
  384,
  448,
  512,
  576,
  640,
] as const;

/** Full bandwidth channels, by acmod: ATSC A/52 table 5.8. */
export const AC3_CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5] as const;

/** Audio blocks in a frame, by numblkscod: ATSC A/52 annex E table E2.4. */
export const EAC3_BLOCKS = [1, 2, 3, 6] as const;

/** Samples a block gives per channel: ATSC A/52 section 5.1. */
export const AC3_BLOCK_SAMPLES = 256;
