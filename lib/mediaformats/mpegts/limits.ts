/** Longest section of the program tables, header and CRC included: ISO/IEC 13818-1 section 2.4.4.1. */
export const MAX_TS_SECTION_BYTES = 1024;
/** Most programs that are looked at; a transponder has some dozens. */
export const MAX_TS_PROGRAMS = 256;
/** Most streams read over the life of a reader, those of earlier program maps included. */
export const MAX_TS_STREAMS = 128;
/** Longest PES packet, access unit and unfinished audio frame kept; a key frame at 100 Mbit/s has about 4 MiB. */
export const MAX_TS_PES_BYTES = 8_388_608;
/** Most NAL units looked at in one PES packet; a picture of 8192 lines has 512 rows, and no more slices. */
export const MAX_TS_NAL_UNITS = 16_384;
/** Most bytes searched for the first packet. */
export const MAX_TS_JUNK_BYTES = 1_048_576;
/** Most bytes read at the start of a file to learn its tracks. */
export const MAX_TS_PROBE_BYTES = 5_242_880;
/** Most bytes read at the end of a file to learn its duration. */
export const MAX_TS_TAIL_BYTES = 8_388_608;
/** Most bytes searched back from a time for a key frame: 100 s at 5 Mbit/s. */
export const MAX_TS_KEY_SEARCH_BYTES = 67_108_864;

/** Bytes of a transport stream packet without what some carriers put before or after it. */
export const TS_PACKET_BYTES = 188;
/** First byte of each packet: ISO/IEC 13818-1 section 2.4.3.3. */
export const TS_SYNC_BYTE = 0x47;
/** Ticks per second of PTS and DTS. */
export const TS_TIMESCALE = 90_000;
/** PTS and DTS start anew here: 26.5 h. */
export const TS_TIME_ROLLOVER_TICKS = 2 ** 33;
