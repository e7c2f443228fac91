import { GENRES } from "./genres.ts";
import { ID3V1_BYTES } from "./tag_bytes.ts";
import { decodeUnmarked } from "./text.ts";

/** Fields of fixed length after the three letters. */
const FIELDS = [
  { name: "title", start: 3, length: 30 },
  { name: "artist", start: 33, length: 30 },
  { name: "album", start: 63, length: 30 },
  { name: "date", start: 93, length: 4 },
  { name: "comment", start: 97, length: 30 },
] as const;
const TRACK_OFFSET = 126;
const GENRE_OFFSET = 127;

/**
 * Decodes an ID3v1 or 1.1 tag.
 *
 * @param bytes The last 128 bytes of a file; borrowed.
 * @returns Tags by the names ffprobe shows; `undefined` if there is no such tag.
 */
export function decodeId3v1(bytes: Uint8Array): Record<string, string> | undefined {
  if (bytes.length < ID3V1_BYTES || bytes[0] !== 0x54 || bytes[1] !== 0x41 || bytes[2] !== 0x47) {
    return undefined;
  }
  const tags: Record<string, string> = {};
  for (const { name, start, length } of FIELDS) {
    const field = bytes.subarray(start, start + length);
    const zero = field.indexOf(0);
    const text = decodeUnmarked(zero < 0 ? field : field.subarray(0, zero)).trimEnd();
    if (text !== "") tags[name] = text;
  }
  // version 1.1: the comment ends with a zero, then the track
  if (bytes[TRACK_OFFSET - 1] === 0 && bytes[TRACK_OFFSET] !== 0) tags.track = String(bytes[TRACK_OFFSET]);
  const genre = GENRES[bytes[GENRE_OFFSET]!];
  if (genre !== undefined) tags.genre = genre;
  return tags;
}
