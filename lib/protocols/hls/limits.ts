/** Longest playlist, in bytes. */
export const MAX_PLAYLIST_BYTES = 4 * 1024 * 1024;
/** Most segments of one playlist. */
export const MAX_PLAYLIST_SEGMENTS = 50_000;
/** Most variants and renditions of one playlist, together. */
export const MAX_PLAYLIST_VARIANTS = 500;
/** Longest segment, in s. */
export const MAX_SEGMENT_S = 3_600;
