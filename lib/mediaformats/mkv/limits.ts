/** Most bytes of a block with its frames: an 8K picture coded for itself has less. */
export const MAX_MKV_BLOCK_BYTES = 33_554_432;
/** Most bytes that one compressed frame may become. */
export const MAX_MKV_INFLATED_BYTES = 16_777_216;
/** Most bytes skipped in search of the next cluster, at one place. */
export const MAX_MKV_JUNK_BYTES = 67_108_864;
/** Most bytes of an element that describes the file: Info, Tracks, Tags, SeekHead. */
export const MAX_MKV_HEAD_BYTES = 4_194_304;
/** Most elements before the first cluster, empty ones included. */
export const MAX_MKV_HEAD_ELEMENTS = 4096;
/** Most bytes of Cues; larger ones are passed over, as if there were none. 24 bytes for each key frame are usual. */
export const MAX_MKV_CUES_BYTES = 16_777_216;
/** Most elements of Cues that are looked at; the rest is passed over. */
export const MAX_MKV_CUE_ELEMENTS = 4_194_304;
/** Most tracks of a file. */
export const MAX_MKV_TRACKS = 256;
/** Most compressions of one track, one upon another. */
export const MAX_MKV_ENCODINGS = 4;
/** SimpleTags in SimpleTags are read to this depth; deeper ones are passed over. */
export const MAX_MKV_TAG_DEPTH = 8;
/** Most elements of Tags that are looked at, each as often as it is; the rest is passed over. */
export const MAX_MKV_TAG_ELEMENTS = 65_536;
/** Longest name of a tag, in characters; longer ones are cut. */
export const MAX_MKV_TAG_NAME_CHARS = 1023;
/** Places that SeekHeads may send a reader to. */
export const MAX_MKV_SEEK_ENTRIES = 64;
/** Most attached files that are noted. */
export const MAX_MKV_ATTACHMENTS = 256;
/** Longest name, kind or description of an attached file, in bytes; longer ones are cut. */
export const MAX_MKV_ATTACHMENT_TEXT_BYTES = 1024;
/** Largest time, in microseconds and in ticks: 2^53 - 1, so that numbers are exact. */
export const MAX_MKV_TIME = 9_007_199_254_740_991;
