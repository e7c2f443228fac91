/** Most bytes in a row that belong to no frame; pieces of torrents, which leave holes, end at 16 MiB. */
export const MAX_MP3_JUNK_BYTES = 16_777_216;
/** ID3v2 tags in a row at the start of a file; all are passed over, so many are read. */
export const MAX_ID3_TAGS = 16;
/** Frames of an ID3v2 tag that are looked at. */
export const MAX_ID3_FRAMES = 1000;
/** Longest text of one ID3v2 frame that is kept; longer ones are left out. */
export const MAX_ID3_TEXT_BYTES = 65_536;
/** Text of all ID3v2 frames of a file; what comes after is left out. */
export const MAX_ID3_TOTAL_TEXT_BYTES = 1_048_576;
/** Part of an unsynchronised ID3v2 tag that is read; frames past it are left out. */
export const MAX_ID3_UNSYNCHRONISED_BYTES = 1_048_576;
/** Attached pictures that are noted. */
export const MAX_ID3_PICTURES = 32;
