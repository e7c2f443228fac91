import type { TrackKind } from "#media";

/** One packet as it goes into a file, in ticks of its track. */
export interface Sample {
  /** Never before that of the sample before. */
  readonly dtsTicks: number;
  readonly ptsTicks: number;
  /** Where the packet or its codec tells; otherwise 0, and the next sample does. */
  readonly durationTicks: number;
  readonly isKeyFrame: boolean;
  /** Borrowed until it is written. */
  readonly payload: Uint8Array;
}

/** sample_depends_on and sample_is_non_sync_sample: ISO/IEC 14496-12 section 8.8.3.1. */
export const SAMPLE_FLAGS = {
  /** Depends on no other: decoding can start here. */
  Sync: 0x0200_0000,
  /** Depends on others. */
  Dependent: 0x0101_0000,
} as const;

/** Whether decoding can start at every sample of such a track. */
export function isAlwaysSync(kind: TrackKind): boolean {
  return kind === "audio";
}
