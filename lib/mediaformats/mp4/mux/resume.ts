import { bytesEqual, type ByteSource } from "#bytes";
import { FormatError } from "#errors";
import type { MuxTrack } from "#media";
import { needsFirstFrame } from "../entries/sample_entry.ts";
import { FragmentWalker } from "../fragments/fragment_walker.ts";
import type { FragmentSamples } from "../fragments/movie_fragment.ts";
import type { MovieBox } from "../movie/movie_box.ts";
import { FileOpening } from "../reading/open_movie.ts";
import type { FragmentIndexRow } from "../write/fragment_index.ts";
import { type DurationField, encodeInitSegment } from "../write/init_segment.ts";
import { TrackClock } from "./track_clock.ts";
import { type TrackInput, TrackInputs } from "./track_input.ts";

/** What is known of one track of a file that is gone on with; in its ticks. */
export interface Mp4ResumedTrack {
  /** Added to all its times by the header. */
  readonly startTicks: number;
  /** Decoding time of its first sample; absent where it has none. */
  readonly firstDtsTicks: number | undefined;
  /** Where its presentation ends. */
  readonly endTicks: number;
}

/** What a muxer needs to go on with a fragmented file that exists. */
export interface Mp4ResumePoint {
  /** Whole fragments end here, in bytes: what follows is to be cut off first. */
  readonly fileBytes: number;
  /** Time the next packet may have, in ms: after all that is there. */
  readonly nextMs: number;
  /** Fragments that are there. */
  readonly fragments: number;
  /** In the order of the tracks. */
  readonly tracks: readonly Mp4ResumedTrack[];
  /** Fragments with a key frame of the leading track. */
  readonly keyFrames: readonly FragmentIndexRow[];
  /** Durations in the header, which the end completes. */
  readonly durationFields: readonly DurationField[];
}

const DURATION_BYTES = 8;

/**
 * Reads the heads of all fragments of a file, to find how to go on with it.
 *
 * @param source Borrowed.
 * @param tracks What is to be written; the header must be that which `Mp4FragmentMuxer` writes for them.
 * @throws {FormatError} If it is no such file, or broken before its end.
 */
export async function readMp4ResumePoint(
  source: ByteSource,
  tracks: readonly MuxTrack[],
): Promise<Mp4ResumePoint> {
  const inputs = new TrackInputs(tracks);
  const { movie, endOffset } = await new FileOpening(source).findMovie();
  const starts = inputs.all.map((_, at) => Math.max(0, movie.tracks[at]?.edits[0]?.mediaTicks ?? 0));
  const durationFields = await checkHeader(source, { inputs, starts, endOffset });
  const times = inputs.all.map((input, at) => new ResumedTimes(input, starts[at]!));
  const leadingId = inputs.leading.containerTrackId;
  const keyFrames: FragmentIndexRow[] = [];
  const walker = new FragmentWalker(source, { position: endOffset, defaults: defaultsOf(movie) });
  let fileBytes = endOffset;
  let fragments = 0;
  for (let found = await walker.next(); found !== undefined; found = await walker.next()) {
    const end = Math.max(...found.samples.map(mediaEnd));
    // one that the writer did not finish
    if (end > source.sizeBytes) break;
    fileBytes = Math.max(fileBytes, end);
    fragments++;
    for (const [at, samples] of found.samples.entries()) {
      times.find(({ containerTrackId }) => containerTrackId === samples.containerTrackId)?.take(samples);
      const row = samples.containerTrackId === leadingId ? keyFrameOf(samples) : undefined;
      if (row !== undefined) keyFrames.push({ ...row, offset: found.offset, runNumber: at + 1 });
    }
  }
  return {
    fileBytes,
    nextMs: Math.ceil(Math.max(0, ...times.map(({ endMs }) => endMs))),
    fragments,
    tracks: times.map((each) => each.resumed),
    keyFrames,
    durationFields,
  };
}

/** Compares the header with the one that the tracks would have, but for its durations. */
async function checkHeader(
  source: ByteSource,
  expected: { readonly inputs: TrackInputs; readonly starts: readonly number[]; readonly endOffset: number },
): Promise<readonly DurationField[]> {
  const { inputs, starts, endOffset } = expected;
  const { bytes, durationFields } = encodeInitSegment(
    inputs.all.map((input, at) => ({
      entry: entryOf(input),
      containerTrackId: input.containerTrackId,
      timescale: new TrackClock(entryOf(input), { timeOffsetUs: 0 }).timescale,
      startTicks: starts[at]!,
    })),
  );
  const have = new Uint8Array(bytes.length);
  const isLong = endOffset === bytes.length && await source.readAt(0, have) === have.length;
  for (const { offset } of durationFields) have.fill(0, offset, offset + DURATION_BYTES);
  if (isLong && bytesEqual(have, bytes)) return durationFields;
  throw new FormatError("Cannot go on with MP4: its header is not the one that these tracks have", {
    offset: 0,
  });
}

function entryOf({ track, entry }: TrackInput): TrackInput["entry"] {
  if (!needsFirstFrame(track)) return entry;
  throw new FormatError(
    `Cannot go on with MP4: only a first packet would tell the header of ${track.kind} track ${track.trackId}`,
  );
}

function defaultsOf({ fragmentDefaults }: MovieBox): NonNullable<MovieBox["fragmentDefaults"]> {
  return fragmentDefaults ?? new Map();
}

function mediaEnd({ count, offsets, sizes }: FragmentSamples): number {
  let end = 0;
  for (let i = 0; i < count; i++) end = Math.max(end, offsets[i]! + sizes[i]!);
  return end;
}

/** The first key frame among samples. */
function keyFrameOf(
  samples: FragmentSamples,
): Pick<FragmentIndexRow, "timeTicks" | "sampleNumber"> | undefined {
  let dts = samples.decodeTime ?? 0;
  for (let i = 0; i < samples.count; i++) {
    if (samples.syncs[i] === 1) {
      return { timeTicks: Math.max(0, dts + samples.compositionOffsets[i]!), sampleNumber: i + 1 };
    }
    dts += samples.durations[i]!;
  }
  return undefined;
}

/** Follows the times of one track. */
class ResumedTimes {
  readonly containerTrackId: number;
  readonly #timescale: number;
  readonly #startTicks: number;
  #firstDtsTicks: number | undefined;
  #endTicks = 0;

  constructor(input: TrackInput, startTicks: number) {
    this.containerTrackId = input.containerTrackId;
    this.#timescale = input.clock.timescale;
    this.#startTicks = startTicks;
  }

  take({ decodeTime = 0, count, durations, compositionOffsets }: FragmentSamples): void {
    let dts = decodeTime - this.#startTicks;
    this.#firstDtsTicks ??= dts;
    for (let i = 0; i < count; i++) {
      const end = dts + durations[i]!;
      this.#endTicks = Math.max(this.#endTicks, end, end + compositionOffsets[i]!);
      dts = end;
    }
  }

  get endMs(): number {
    return this.#endTicks * 1000 / this.#timescale;
  }

  get resumed(): Mp4ResumedTrack {
    return { startTicks: this.#startTicks, firstDtsTicks: this.#firstDtsTicks, endTicks: this.#endTicks };
  }
}
