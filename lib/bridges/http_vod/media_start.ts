import type { LibraryFile } from "#bridges/vod";
import type { ByteSource } from "#bytes";
import { encodeFlvStart, FlvDemuxer } from "#mediaformats/flv";
import { Mp4Demuxer } from "#mediaformats/mp4";
import type { Piece } from "./pieces.ts";

/**
 * The pieces of a valid file that begins at the key frame at or before `timeUs`.
 *
 * @param file Open; not moved.
 * @param source The file's bytes; borrowed.
 * @returns `undefined` where the container cannot be begun in the midst.
 */
export async function piecesFrom(
  file: LibraryFile,
  { timeUs, source }: { readonly timeUs: number; readonly source: ByteSource },
): Promise<Piece[] | undefined> {
  const { demuxer } = file;
  if (demuxer instanceof Mp4Demuxer) {
    const { head, pieces } = await demuxer.startAt(timeUs);
    return [{ bytes: head }, ...pieces];
  }
  if (!(demuxer instanceof FlvDemuxer)) return undefined;
  const start = await demuxer.startAt(timeUs);
  return [
    { bytes: encodeFlvStart(demuxer.summary, start) },
    { offset: start.offset, length: source.sizeBytes - start.offset },
  ];
}
