import { FormatError } from "#errors";
import type { BoxBody } from "../boxes/box_body.ts";
import { BoxCursor } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import type { BoxWriter } from "../write/box_writer.ts";
import { type Edit, writeEdits, writeMovieHeader } from "../write/movie_boxes.ts";

/** What becomes of one track. */
export interface CopiedTrack {
  readonly edits: readonly Edit[];
  /** With its edits, in ticks of the movie. */
  readonly movieDurationTicks: number;
  /** Of its samples, in ticks of the track. */
  readonly mediaDurationTicks: number;
  /** Writes the boxes of `stbl` after `stsd`. */
  readonly writeSampleTable: (writer: BoxWriter) => void;
}

/** What becomes of a movie. */
export interface CopiedMovie {
  /** Of the `moov` that is copied. */
  readonly body: BoxBody;
  /** Ticks per second of the movie. */
  readonly timescale: number;
  readonly durationTicks: number;
  /** Whether fragments follow. */
  readonly isFragmented: boolean;
  /** By track_ID; the others are left out. */
  readonly tracks: ReadonlyMap<number, CopiedTrack>;
}

/** Boxes that hold others on the way to what is changed: ISO/IEC 14496-12 section 8. */
const CONTAINERS: ReadonlySet<string> = new Set([BOX.MediaContainer, BOX.MediaInformation]);
const MAX_U32 = 0xffff_ffff;
/** `tkhd` up to its track_ID and from its duration on, in version 0 and 1: section 8.3.2. */
const TRACK_ID_OFFSETS = [12, 20] as const;
const TRACK_REST_OFFSETS = [24, 36] as const;
/** Duration of `mdhd` in version 0 and 1: section 8.4.2. */
const MEDIA_DURATION_OFFSETS = [16, 24] as const;

/**
 * Copies a movie header: descriptions of samples, tags, layout as they are; other times, edits and tables.
 *
 * @throws {FormatError} If a box in it is broken.
 */
export function copyMovie(writer: BoxWriter, copied: CopiedMovie): void {
  const trackIds = [...copied.tracks.keys()];
  writer.box(BOX.Movie, () => {
    const cursor = new BoxCursor(copied.body);
    while (cursor.next()) {
      const body = cursor.body();
      if (cursor.type === BOX.MovieHeader) {
        const nextTrackId = Math.max(0, ...trackIds) + 1;
        writeMovieHeader(writer, { ...copied, nextTrackId, hasWideTimes: false });
      } else if (cursor.type === BOX.Track) {
        const track = copied.tracks.get(trackIdOf(body));
        if (track !== undefined) copyTrack(writer, body, track);
      } else if (cursor.type === BOX.MovieExtends) {
        if (copied.isFragmented) copyExtends(writer, body);
      } else {
        copyBox(writer, body);
      }
    }
  });
}

/** track_ID of a `trak`; 0 where it has none. */
function trackIdOf(track: BoxBody): number {
  const cursor = new BoxCursor(track);
  while (cursor.next()) {
    if (cursor.type !== BOX.TrackHeader) continue;
    const body = cursor.body();
    const isLong = body.u8("version") === 1;
    body.skip(isLong ? TRACK_ID_OFFSETS[1] - 1 : TRACK_ID_OFFSETS[0] - 1, "times");
    return body.u32("track ID");
  }
  return 0;
}

function copyTrack(writer: BoxWriter, track: BoxBody, copied: CopiedTrack): void {
  writer.box(BOX.Track, () => {
    const cursor = new BoxCursor(track);
    while (cursor.next()) {
      const body = cursor.body();
      if (cursor.type === BOX.TrackHeader) {
        copyTrackHeader(writer, body, copied.movieDurationTicks);
        if (copied.edits.length > 0) writeEdits(writer, copied.edits);
      } else if (cursor.type === BOX.MediaContainer) copyMedia(writer, body, copied);
      // references may be to tracks that are left out
      else if (cursor.type !== BOX.EditContainer && cursor.type !== BOX.TrackReference) copyBox(writer, body);
    }
  });
}

function copyTrackHeader(writer: BoxWriter, header: BoxBody, durationTicks: number): void {
  const bytes = header.rest();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const from = bytes[0] === 1 ? 1 : 0;
  if (bytes.length < TRACK_REST_OFFSETS[from]) {
    throw new FormatError(
      `Cannot copy track header: need ${TRACK_REST_OFFSETS[from]} bytes, have ${bytes.length}`,
    );
  }
  const version = durationTicks > MAX_U32 ? 1 : 0;
  writer.box(BOX.TrackHeader, () => {
    writer.versionAndFlags(version, view.getUint32(0) & 0xff_ffff).time(0, version).time(0, version);
    writer.u32(view.getUint32(TRACK_ID_OFFSETS[from]), 0).time(durationTicks, version);
    writer.bytes(bytes.subarray(TRACK_REST_OFFSETS[from]));
  });
}

/** `mdia`, and `minf` in it. */
function copyMedia(writer: BoxWriter, container: BoxBody, copied: CopiedTrack): void {
  writer.box(container.type, () => {
    const cursor = new BoxCursor(container);
    while (cursor.next()) {
      const body = cursor.body();
      if (CONTAINERS.has(cursor.type)) copyMedia(writer, body, copied);
      else if (cursor.type === BOX.MediaHeader) copyMediaHeader(writer, body, copied.mediaDurationTicks);
      else if (cursor.type === BOX.SampleTable) copySampleTable(writer, body, copied);
      else copyBox(writer, body);
    }
  });
}

function copyMediaHeader(writer: BoxWriter, header: BoxBody, durationTicks: number): void {
  const bytes = header.rest().slice();
  const view = new DataView(bytes.buffer);
  const isLong = bytes[0] === 1;
  const offset = MEDIA_DURATION_OFFSETS[isLong ? 1 : 0];
  if (bytes.length >= offset + 8) {
    if (isLong) view.setBigUint64(offset, BigInt(durationTicks));
    else view.setUint32(offset, Math.min(durationTicks, MAX_U32));
  }
  writer.box(BOX.MediaHeader, () => writer.bytes(bytes));
}

function copySampleTable(writer: BoxWriter, table: BoxBody, copied: CopiedTrack): void {
  writer.box(BOX.SampleTable, () => {
    const cursor = new BoxCursor(table);
    while (cursor.next()) if (cursor.type === BOX.SampleDescription) copyBox(writer, cursor.body());
    copied.writeSampleTable(writer);
  });
}

/** `mvex` without its duration, which is not that of the whole any more. */
function copyExtends(writer: BoxWriter, container: BoxBody): void {
  writer.box(BOX.MovieExtends, () => {
    const cursor = new BoxCursor(container);
    while (cursor.next()) if (cursor.type !== BOX.MovieExtendsHeader) copyBox(writer, cursor.body());
  });
}

function copyBox(writer: BoxWriter, body: BoxBody): void {
  writer.box(body.type, () => writer.bytes(body.rest()));
}
