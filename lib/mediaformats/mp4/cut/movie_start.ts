import type { ByteSource } from "#bytes";
import { FormatError } from "#errors";
import type { BoxBody } from "../boxes/box_body.ts";
import { readBoxHead } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import { MAX_MP4_MOVIE_BYTES } from "../limits.ts";
import { type FileTypeBox, readMovie } from "../movie/movie_box.ts";
import { type MovieTrack, movieTracksOf, startTicksOf } from "../reading/movie_tracks.ts";
import { ticksAtOrBefore } from "../samples/ticks.ts";
import { BoxWriter } from "../write/box_writer.ts";
import { editsOf, movieTimescaleOf } from "../write/edits.ts";
import { writeEmptyTable } from "../write/init_segment.ts";
import { type Edit } from "../write/movie_boxes.ts";
import { moveOffsets, SampleColumns, type WrittenOffsets } from "../write/sample_columns.ts";
import { moveFragments, type Mp4Piece } from "./fragment_places.ts";
import { type CopiedTrack, copyMovie } from "./movie_copy.ts";
import { ChunkList, gatherChunks } from "./sample_ranges.ts";

/** A file that begins in the midst of another: a head, then pieces of the other file. */
export interface Mp4Start {
  /** Presentation time of the key frame in the other file, in microseconds; it is 0 of the new one. */
  readonly timeUs: number;
  /** Everything before the media; owned by the caller. */
  readonly head: Uint8Array;
  /** What follows it, in this order. */
  readonly pieces: readonly Mp4Piece[];
}

/** The bytes of a movie header, and the file it is of. */
export interface OpenMovie {
  readonly source: ByteSource;
  /** Of `moov`. */
  readonly body: BoxBody;
  readonly fileType: FileTypeBox;
  /** Index of the track seeking goes by. */
  readonly leading: number;
}

const MICROSECONDS = 1_000_000;
/** Samples that are taken without a pause: 5 ms. */
const SAMPLES_PER_TURN = 32_768;
const MAX_FILE_TYPE_BYTES = 4096;
/** `mfro`: ISO/IEC 14496-12 section 8.8.11. */
const MFRO_BYTES = 16;
const SMALL_HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;
const MAX_U32 = 0xffff_ffff;

/** One track of the new file. */
interface CutTrack {
  readonly containerTrackId: number;
  readonly timescale: number;
  readonly columns: SampleColumns;
  readonly chunks: ChunkList;
}

/**
 * Begins a file with tables at the key frame at or before `timeUs`: tables cut, offsets rewritten, media left where
 * they are.
 *
 * Tracks of audio and video are kept, their descriptions as they are. Pictures and sound that only help to decode
 * what comes first stay before 0, by an edit list.
 *
 * @throws {FormatError} If nothing can be played from there.
 */
export async function startMovie(open: OpenMovie, timeUs: number): Promise<Mp4Start> {
  const { source, body, fileType, leading } = open;
  // read anew: the tables of the demuxer are where its reading is
  const movie = readMovie(body, fileType);
  const tracks = movieTracksOf(movie, { fileBytes: source.sizeBytes });
  const lead = tracks[leading];
  if (lead?.samples === undefined) throw new FormatError("Cannot begin MP4 in the midst: it has no samples");
  const { samples, track: { timescale } } = lead;
  samples.seek(ticksAtOrBefore(timeUs, timescale));
  if (!samples.hasSample) throw new FormatError("Cannot begin MP4 in the midst: it has no samples there");
  const landedTicks = samples.ptsTicks;
  const landedUs = Math.round(landedTicks * MICROSECONDS / timescale);
  const cut: CutTrack[] = [];
  for (const track of tracks) {
    const isKept = track.samples !== undefined && track.track.kind !== "data" &&
      track.box.entry.pcm === undefined;
    if (!isKept) continue;
    const own = track.track.timescale;
    if (track !== lead) track.samples.seek(ticksAtOrBefore(landedUs, own));
    const each = await cutTrack(track, { source, originTicks: Math.round(landedTicks * own / timescale) });
    if (each.columns.length > 0) cut.push(each);
  }
  const gathered = gatherChunks(cut.map(({ chunks }) => chunks));
  const isWide = gathered.sizeBytes + MAX_MP4_MOVIE_BYTES > MAX_U32;
  for (const { chunks, columns } of cut) {
    gathered.forEach(chunks, (offset, count) => columns.addChunk(offset, count));
  }
  const fileTypeBox = await readFileTypeBox(source);
  const movieTimescale = movieTimescaleOf(cut.map((each) => each.timescale), timescale);
  const offsets: WrittenOffsets[] = [];
  const copied = new Map(
    cut.map((each) => [
      each.containerTrackId,
      copiedTrack(each, {
        movieTimescale,
        write: (writer) => offsets.push(each.columns.write(writer, { isWide })),
      }),
    ]),
  );
  const durationTicks = Math.max(0, ...[...copied.values()].map((each) => each.movieDurationTicks));
  const writer = new BoxWriter(body.end + MAX_FILE_TYPE_BYTES);
  writer.bytes(fileTypeBox);
  copyMovie(writer, { body, timescale: movieTimescale, durationTicks, isFragmented: false, tracks: copied });
  if (isWide) writer.u32(1).fourCc(BOX.Media).u64(gathered.sizeBytes + LARGE_HEADER_BYTES);
  else writer.u32(gathered.sizeBytes + SMALL_HEADER_BYTES).fourCc(BOX.Media);
  const head = writer.take();
  for (const each of offsets) moveOffsets(head, { ...each, by: head.length });
  return { timeUs: landedUs, head, pieces: gathered.ranges };
}

/** Takes what is left of a track, up to where the file ends. */
async function cutTrack(
  { track, samples }: MovieTrack,
  { source, originTicks }: { readonly source: ByteSource; readonly originTicks: number },
): Promise<CutTrack> {
  const columns = new SampleColumns();
  const chunks = new ChunkList();
  const feed = samples!;
  let lastDtsTicks = -Infinity;
  for (; feed.hasSample && feed.offset + feed.size <= source.sizeBytes; feed.next()) {
    // an edit that repeats media goes back in decoding time, which one table cannot
    lastDtsTicks = Math.max(lastDtsTicks, feed.dtsTicks - originTicks);
    columns.addSample({
      dtsTicks: lastDtsTicks,
      ptsTicks: feed.ptsTicks - originTicks,
      durationTicks: feed.durationTicks,
      isKeyFrame: feed.isKeyFrame,
      sizeBytes: feed.size,
    });
    chunks.add(feed.offset, feed.size);
    // a film has half a million samples: a read lets others have their turn
    if (columns.length % SAMPLES_PER_TURN === 0) await source.readAt(0, new Uint8Array(1));
  }
  columns.finish(0);
  return { containerTrackId: track.containerTrackId, timescale: track.timescale, columns, chunks };
}

function copiedTrack(
  { columns, timescale }: CutTrack,
  form: { readonly movieTimescale: number; readonly write: (writer: BoxWriter) => void },
): CopiedTrack {
  const edits = editsOf(columns, form.movieTimescale / timescale);
  const shownTicks = Math.ceil(
    (columns.endTicks - Math.max(0, columns.startTicks)) * form.movieTimescale / timescale,
  );
  return {
    edits,
    movieDurationTicks: edits.length === 0
      ? shownTicks
      : edits.reduce((sum, edit) => sum + edit.durationTicks, 0),
    mediaDurationTicks: columns.durationTicks,
    writeSampleTable: form.write,
  };
}

/**
 * Begins a fragmented file at the fragment that holds the key frame.
 *
 * @param fragment `offset` of its `moof`, in bytes; `timeUs` of the key frame.
 */
export async function startFragments(
  { source, body, fileType }: OpenMovie,
  fragment: { readonly offset: number; readonly timeUs: number },
): Promise<Mp4Start> {
  const { offset, timeUs } = fragment;
  const endOffset = await fragmentsEnd(source);
  const movie = readMovie(body, fileType);
  const writer = new BoxWriter(body.end);
  writer.bytes(await readFileTypeBox(source));
  const tracks = new Map(
    movieTracksOf(movie, { fileBytes: source.sizeBytes }).map((track): [number, CopiedTrack] => {
      const { timescale, containerTrackId } = track.track;
      const mediaTicks = startTicksOf(track, movie) + Math.round(timeUs * timescale / MICROSECONDS);
      return [containerTrackId, {
        edits: editsFrom(mediaTicks, movie.timescale / timescale),
        movieDurationTicks: 0,
        mediaDurationTicks: 0,
        writeSampleTable: writeEmptyTable,
      }];
    }),
  );
  copyMovie(writer, { body, timescale: movie.timescale, durationTicks: 0, isFragmented: true, tracks });
  const head = writer.take();
  return {
    timeUs,
    head,
    pieces: await moveFragments(source, { offset, end: endOffset, shift: head.length - offset }),
  };
}

function editsFrom(mediaTicks: number, movieTicksPerTick: number): readonly Edit[] {
  if (mediaTicks === 0) return [];
  if (mediaTicks > 0) return [{ durationTicks: 0, mediaTicks }];
  return [
    { durationTicks: Math.round(-mediaTicks * movieTicksPerTick), mediaTicks: -1 },
    { durationTicks: 0, mediaTicks: 0 },
  ];
}

/** Where an index of the whole file begins (`mfra`), which does not hold for a part of it; else the end. */
async function fragmentsEnd(source: ByteSource): Promise<number> {
  const { sizeBytes } = source;
  const tail = new Uint8Array(MFRO_BYTES);
  if (sizeBytes < MFRO_BYTES || await source.readAt(sizeBytes - MFRO_BYTES, tail) < MFRO_BYTES) {
    return sizeBytes;
  }
  const head = readBoxHead(tail, { at: 0, fileOffset: sizeBytes - MFRO_BYTES });
  const indexBytes = new DataView(tail.buffer).getUint32(MFRO_BYTES - 4);
  return head?.type === BOX.FragmentRandomAccessOffset && indexBytes <= sizeBytes
    ? sizeBytes - indexBytes
    : sizeBytes;
}

/** `ftyp` with its header, as it is; nothing where a file has none. */
async function readFileTypeBox(source: ByteSource): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_FILE_TYPE_BYTES);
  const count = await source.readAt(0, bytes);
  const head = readBoxHead(bytes.subarray(0, count), { at: 0, fileOffset: 0 });
  const isFileType = head?.type === BOX.FileType && head.sizeBytes <= count;
  return bytes.subarray(0, isFileType ? head.sizeBytes : 0);
}
