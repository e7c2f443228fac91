import { BoxWriter } from "./box_writer.ts";
import { type Edit, writeMovieHeader, writeTrack } from "./movie_boxes.ts";
import { isAlwaysSync, SAMPLE_FLAGS } from "./sample.ts";
import type { SampleEntry } from "../entries/sample_entry.ts";
import { writeTags } from "./tag_boxes.ts";

/** One track of a fragmented file. */
export interface InitTrack {
  readonly entry: SampleEntry;
  /** track_ID, from 1. */
  readonly containerTrackId: number;
  /** Ticks per second. */
  readonly timescale: number;
  /**
   * Media time at which the presentation starts, in ticks of the track: what was added to all times so that none is
   * negative.
   *
   * @default {0}
   */
  readonly startTicks?: number;
}

/** What else the header of a fragmented file says. */
export interface InitSegmentOptions {
  /** Tags of the file, by the names ffprobe shows. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Offset of a 64-bit duration in the header, in bytes, and the ticks it counts. */
export interface DurationField {
  readonly offset: number;
  readonly timescale: number;
  /** Index of the track it is of; absent for the whole movie. */
  readonly trackIndex?: number;
  /** Whether it counts the samples of the track only, not the time before them. */
  readonly isOfMedia: boolean;
}

/** The header of a fragmented file. */
export interface InitSegment {
  /** `ftyp` and `moov`; owned by the caller. */
  readonly bytes: Uint8Array;
  /** Durations that are 0, to be patched once they are known. */
  readonly durationFields: readonly DurationField[];
}

/** Of durations of the whole movie, which no packet needs. */
const MOVIE_TIMESCALE = 1000;

/**
 * Encodes the header of a fragmented file, which is also the initialisation segment of HLS and DASH: ISO/IEC
 * 14496-12 section 8.8.
 *
 * @param tracks In the order their fragments list them.
 * @throws {FormatError} If a sample entry cannot be written.
 */
export function encodeInitSegment(
  tracks: readonly InitTrack[],
  options: InitSegmentOptions = {},
): InitSegment {
  const writer = new BoxWriter();
  const durationFields: DurationField[] = [];
  const movieField = (offset: number) =>
    durationFields.push({ offset, timescale: MOVIE_TIMESCALE, isOfMedia: false });
  writer.box("ftyp", () => writer.fourCc("iso6").u32(1).fourCc("iso6").fourCc("mp41"));
  writer.box("moov", () => {
    const nextTrackId = Math.max(0, ...tracks.map((track) => track.containerTrackId)) + 1;
    const movie = { timescale: MOVIE_TIMESCALE, durationTicks: 0, nextTrackId, hasWideTimes: true };
    movieField(writeMovieHeader(writer, movie));
    tracks.forEach((track, trackIndex) => {
      const fields = writeTrack(writer, { ...track, ...OPEN_END, edits: editsOf(track) });
      durationFields.push(
        { offset: fields.tkhd, timescale: MOVIE_TIMESCALE, trackIndex, isOfMedia: false },
        { offset: fields.mdhd, timescale: track.timescale, trackIndex, isOfMedia: true },
      );
    });
    writer.box("mvex", () => {
      writer.box("mehd", () => {
        writer.versionAndFlags(1);
        movieField(writer.length);
        writer.u64(0);
      });
      for (const track of tracks) writeTrackDefaults(writer, track);
    });
    writeTags(writer, options.tags);
  });
  return { bytes: writer.take(), durationFields };
}

/** Writes the boxes of `stbl` after `stsd` that say that the samples are elsewhere. */
export function writeEmptyTable(writer: BoxWriter): void {
  for (const type of ["stts", "stsc", "stco"]) writer.box(type, () => writer.versionAndFlags(0).u32(0));
  writer.box("stsz", () => writer.versionAndFlags(0).u32(0, 0));
}

const OPEN_END = {
  mediaDurationTicks: 0,
  movieDurationTicks: 0,
  hasWideTimes: true,
  writeSampleTable: writeEmptyTable,
} as const;

function editsOf({ startTicks = 0 }: InitTrack): readonly Edit[] {
  return startTicks === 0 ? [] : [{ durationTicks: 0, mediaTicks: startTicks }];
}

/** `trex`: section 8.8.3. */
function writeTrackDefaults(writer: BoxWriter, { containerTrackId, entry }: InitTrack): void {
  const flags = isAlwaysSync(entry.track.kind) ? SAMPLE_FLAGS.Sync : SAMPLE_FLAGS.Dependent;
  writer.box("trex", () => writer.versionAndFlags(0).u32(containerTrackId, 1, 0, 0, flags));
}
