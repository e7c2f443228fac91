import type { MediaFault, MediaSummary, MediaTrack } from "#media";
import type { BoxBody } from "../boxes/box_body.ts";
import { BOX } from "../boxes/box_type.ts";
import type { MovieBox } from "../movie/movie_box.ts";
import type { TableBoxes, TrackBox } from "../movie/track_box.ts";
import { ChunkTable } from "../samples/chunk_table.ts";
import { type EditSpan, layEdits, wholeSpan } from "../samples/edit_spans.ts";
import { MovieSamples } from "../samples/movie_samples.ts";
import { packPcm } from "../samples/pcm_packets.ts";
import { RunTable } from "../samples/run_table.ts";
import { SampleTable, type SampleTableParts } from "../samples/sample_table.ts";
import { SizeTable } from "../samples/size_table.ts";
import { readSyncSamples } from "../samples/sync_table.ts";
import { TrackNumbers } from "./track_summary.ts";

const FORMAT_NAME = "mov,mp4,m4a,3gp,3g2,mj2";
const MICROSECONDS = 1_000_000;
/** A composition offset this far off is a broken table, which then is left out. */
const MAX_COMPOSITION_OFFSET = 2 ** 28;

/** One track as it is read. */
export interface MovieTrack {
  readonly track: MediaTrack;
  readonly box: TrackBox;
  /** What the tables of the movie hold; fragments come on top. */
  readonly samples: MovieSamples | undefined;
  /** What is wrong with its tables. */
  readonly faults: readonly MediaFault[];
}

/**
 * Makes tracks of what a movie says.
 *
 * @param options `fileBytes`: what samples of one declared size can fill at most.
 */
export function movieTracksOf(movie: MovieBox, options: { readonly fileBytes: number }): MovieTrack[] {
  const chapterIds = new Set(movie.tracks.flatMap((track) => track.chapterTrackIds));
  const numbers = new TrackNumbers();
  return movie.tracks.map((box) => {
    const isChapters = chapterIds.has(box.containerTrackId);
    const table = isChapters || box.isExternal ? undefined : sampleTableOf(box, options.fileBytes);
    const { spans, durationTicks } = spansOf(box, movie, table);
    return {
      track: numbers.describe(box, {
        durationTicks: isHalfTold(movie, table) ? undefined : durationTicks,
        isChapters,
      }),
      box,
      faults: faultsOf(box, table),
      samples: table === undefined || table.count === 0
        ? undefined
        : new MovieSamples(table, { spans, areAllKeys: box.kind === "audio" }),
    };
  });
}

/** Sizes are declared for all samples: what the tables then do not list is missing. */
function faultsOf({ tables, containerTrackId }: TrackBox, table: SampleTable | undefined): MediaFault[] {
  if (table === undefined || table.declared <= table.count) return [];
  const sizes = tables[BOX.SampleSize] ?? tables[BOX.CompactSampleSize];
  return [{
    offset: sizes === undefined ? 0 : sizes.fileOffset + sizes.at,
    message: `Track ${containerTrackId} declares ${table.declared} samples, its tables place ${table.count}`,
  }];
}

/** Whether the tables hold the first samples only, and fragments the others. */
function isHalfTold(movie: MovieBox, table: SampleTable | undefined): boolean {
  return movie.fragmentDefaults !== undefined && table !== undefined && table.count > 0;
}

/** What is known of a file from its movie header alone. */
export function summaryOf(movie: MovieBox, tracks: readonly MovieTrack[]): MediaSummary {
  const starts = tracks.filter(({ track }) => track.kind !== "data").map(({ samples, track }) =>
    (samples?.startTicks ?? Infinity) * MICROSECONDS / track.timescale
  );
  const earliest = Math.min(Infinity, ...starts);
  const durationUs = durationOf(movie, tracks);
  return {
    formatName: FORMAT_NAME,
    tracks: tracks.map(({ track }) => track),
    startUs: earliest === Infinity ? 0 : Math.round(earliest) + 0,
    ...(durationUs === undefined ? {} : { durationUs }),
    tags: movie.tags,
  };
}

function durationOf(movie: MovieBox, tracks: readonly MovieTrack[]): number | undefined {
  // A movie that begins with tables and goes on with fragments tells only how long the tables are.
  const isHalf = movie.fragmentDefaults !== undefined && tracks.some(({ samples }) => samples !== undefined);
  const ticks = isHalf ? movie.fragmentDurationTicks : movie.durationTicks || movie.fragmentDurationTicks;
  if (ticks > 0 && Number.isSafeInteger(ticks)) return Math.round(ticks * MICROSECONDS / movie.timescale);
  if (isHalf) return undefined;
  const longest = Math.max(
    0,
    ...tracks.map(({ track }) => (track.durationTicks ?? 0) * MICROSECONDS / track.timescale),
  );
  return longest > 0 ? Math.round(longest) : undefined;
}

/**
 * What the edit list of a fragmented track subtracts from all its times, in ticks: where its media start, less the
 * empty edit before.
 */
export function startTicksOf({ box }: MovieTrack, movie: MovieBox): number {
  const [first, second] = box.edits;
  if (first === undefined) return 0;
  const isDelayed = first.mediaTicks < 0;
  const delay = isDelayed ? Math.round(first.durationTicks * box.timescale / movie.timescale) : 0;
  const start = isDelayed ? second?.mediaTicks ?? 0 : first.mediaTicks;
  return Math.max(start, 0) - delay;
}

/** Where the samples of the tables end, in ticks without edits; 0 where there are none. */
export function tableEndTicksOf({ samples }: MovieTrack): number {
  return samples?.tableEndTicks ?? 0;
}

/** The tables of a track, or `undefined` where one that is needed is missing. */
function sampleTableOf(box: TrackBox, fileBytes: number): SampleTable | undefined {
  const parts = tablePartsOf(box.tables, fileBytes);
  if (parts === undefined) return undefined;
  const { times, sizes } = parts;
  if (box.kind === "audio" && times.runs === 1 && times.valueOf(0) === 1) {
    const layout = box.entry.pcm ?? { frameSamples: 1, frameBytes: sizes.uniformBytes };
    if (layout.frameBytes > 0) {
      return new SampleTable(packPcm(parts, { layout, offsets: chunkOffsetsOf(box.tables)!.fork() }));
    }
  }
  const groups = box.tables[BOX.SampleToGroup];
  const [sync, partialSync] = [box.tables[BOX.SyncSample], box.tables[BOX.PartialSyncSample]];
  const syncSamples = readSyncSamples({
    ...(sync === undefined ? {} : { sync }),
    ...(partialSync === undefined ? {} : { partialSync }),
    ...(groups === undefined ? {} : { groups }),
  }, sizes.count);
  const dependencies = dependenciesOf(box.tables);
  return new SampleTable({
    ...parts,
    ...(syncSamples === undefined ? {} : { sync: syncSamples }),
    ...(dependencies === undefined ? {} : { dependencies }),
  });
}

function tablePartsOf(tables: TableBoxes, fileBytes: number): SampleTableParts | undefined {
  const times = tables[BOX.TimeToSample];
  const sizes = tables[BOX.SampleSize] ?? tables[BOX.CompactSampleSize];
  const chunks = tables[BOX.SampleToChunk];
  const offsets = chunkOffsetsOf(tables);
  if (times === undefined || sizes === undefined || chunks === undefined || offsets === undefined) {
    return undefined;
  }
  const compositionOffsets = compositionOffsetsOf(tables);
  return {
    times: new RunTable(times, { isRising: true }),
    chunks: new ChunkTable(chunks, offsets.fork()),
    sizes: new SizeTable(sizes, { fileBytes }),
    ...(compositionOffsets === undefined ? {} : { compositionOffsets }),
  };
}

/** A byte a sample behind version and flags. */
function dependenciesOf(tables: TableBoxes): Uint8Array | undefined {
  return tables[BOX.SampleDependency]?.fork().rest();
}

function chunkOffsetsOf(tables: TableBoxes): BoxBody | undefined {
  return tables[BOX.ChunkOffset] ?? tables[BOX.ChunkLargeOffset];
}

function compositionOffsetsOf(tables: TableBoxes): RunTable | undefined {
  const body = tables[BOX.CompositionOffset];
  if (body === undefined) return undefined;
  const table = new RunTable(body);
  const isSane = Math.max(-table.least, table.most) <= MAX_COMPOSITION_OFFSET;
  return table.samples > 0 && isSane ? table : undefined;
}

function spansOf(
  box: TrackBox,
  movie: MovieBox,
  table: SampleTable | undefined,
): { spans: readonly EditSpan[]; durationTicks: number | undefined } {
  const isEmpty = table === undefined || table.count === 0;
  const told = isEmpty ? [] : [table.times.sum];
  if (box.durationTicks !== undefined && (box.durationTicks > 0 || isEmpty)) told.push(box.durationTicks);
  const mediaTicks = told.length === 0 ? undefined : Math.min(...told) || undefined;
  if (isEmpty || box.edits.length === 0) {
    return { spans: isEmpty ? [] : [wholeSpan(table)], durationTicks: mediaTicks };
  }
  const { kind, timescale, edits } = box;
  const edited = layEdits(table, { edits, kind, timescale, movieTimescale: movie.timescale });
  return { spans: edited.spans, durationTicks: Math.min(mediaTicks ?? Infinity, edited.durationTicks) };
}
