/** Longest `moov` accepted, in bytes: the tables of 30 h of 60 pictures a second, thrice. */
export const MAX_MP4_MOVIE_BYTES = 134_217_728;
/** Longest `moof` accepted, in bytes. */
export const MAX_MP4_MOOF_BYTES = 16_777_216;
/** Most samples of one `moof`: 5 s of PCM stored sample by sample. */
export const MAX_MP4_FRAGMENT_SAMPLES = 262_144;
/** Most bytes of one fragment that arrives piece by piece, which are gathered: 5 s at 100 Mbit/s. */
export const MAX_MP4_FRAGMENT_BYTES = 67_108_864;
/** Longest sample accepted, in bytes; a picture of 8K ProRes has about 20 MB. */
export const MAX_MP4_SAMPLE_BYTES = 67_108_864;
/** Most tracks of one file. */
export const MAX_MP4_TRACKS = 256;
/** Most entries of an edit list: each may play the whole track once more. */
export const MAX_MP4_EDITS = 1024;
/** Most boxes passed over in search of the movie header: each is a look at another place of the file. */
export const MAX_MP4_LEADING_BOXES = 65_536;
/** Most times the size of the file that its samples may have in all, since samples may share bytes. */
export const MAX_MP4_REREAD_FACTOR = 16;
/** Longest tag value kept, in bytes. */
export const MAX_MP4_TAG_BYTES = 65_536;
/** Most tags of one file, and of one track. */
export const MAX_MP4_TAGS = 1024;
/** Longest `sidx` or `mfra` accepted, in bytes: a row a second for 30 h, thrice. */
export const MAX_MP4_INDEX_BYTES = 8_388_608;
/** Most covers of one file. */
export const MAX_MP4_COVERS = 32;
