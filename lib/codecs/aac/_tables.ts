/** Sampling rates in Hz by index: ISO/IEC 14496-3 table 1.18; 13 and 14 are reserved, 15 is an escape. */
export const AAC_SAMPLE_RATES = [
  96_000,
  88_200,
  64_000,
  48_000,
  44_100,
  32_000,
  24_000,
  22_050,
  16_000,
  12_000,
  11_025,
  8_000,
  7_350,
] as const;

/** Channels of each channel configuration: ISO/IEC 14496-3 table 1.19. */
export const AAC_CHANNELS: Readonly<Record<number, number>> = {
  0: 0,
  1: 1,
  2: 2,
  3: 3,
  4: 4,
  5: 5,
  6: 6,
  7: 8,
  11: 7,
  12: 8,
  13: 24,
  14: 8,
};
