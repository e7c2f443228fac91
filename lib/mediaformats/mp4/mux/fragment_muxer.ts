import { type ByteWriter, concatBytes } from "#bytes";
import { FormatError } from "#errors";
import type { MediaPacket, Muxer, MuxTrack, Packet, Patch } from "#media";
import { u64Bytes } from "../write/box_writer.ts";
import { encodeFragment, type FragmentRun } from "../write/fragment.ts";
import { FragmentIndex } from "../write/fragment_index.ts";
import { type DurationField, encodeInitSegment } from "../write/init_segment.ts";
import { isAlwaysSync, type Sample } from "../write/sample.ts";
import type { Mp4ResumePoint } from "./resume.ts";
import { type TrackInput, TrackInputs } from "./track_input.ts";

/** How a fragmented file is written. */
export interface Mp4FragmentMuxerOptions {
  /**
   * Longest fragment, in microseconds of media; also what is lost if the writer dies. A quarter more where no picture
   * comes that could end it.
   *
   * @default {1_000_000}
   */
  readonly fragmentUs?: number;
  /** A key frame starts a new fragment unless it would be shorter, in microseconds. @default {200_000} */
  readonly minFragmentUs?: number;
  /** Media of a fragment, in bytes; one packet may be larger. @default {8_388_608} */
  readonly maxFragmentBytes?: number;
  /** Added to all times, in microseconds. @default {0} */
  readonly timeOffsetUs?: number;
  /** Tags of the file, by the names ffprobe shows. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The file that is gone on with, of the very same tracks; no header is written then. @default a file of its own */
  readonly resume?: Mp4ResumePoint;
}

const DEFAULTS = {
  fragmentUs: 1_000_000,
  minFragmentUs: 200_000,
  maxFragmentBytes: 8 * 1024 * 1024,
} as const;
/** Samples of a fragment, however short they are. */
const MAX_FRAGMENT_SAMPLES = 8192;
const MICROSECONDS = 1_000_000;
const MAX_U32 = 0xffff_ffff;
/** What is less than this part of a tick is the rounding of a float. */
const ROUNDING_TICKS = 1e-6;
/** What other tracks wait for the leading one, as a part of the longest fragment. */
const PATIENCE = 1.25;
/** How long the only picture of a track lasts, by its inverse. */
const FALLBACK_FRAME_RATE = 25;
const NOTHING = new Uint8Array(0);

/** What the muxer knows of a track beside its input. */
interface TrackState {
  readonly input: TrackInput;
  /** Added to all its times, in ticks. */
  startTicks: number;
  /** Of the newest sample that was written, in ticks. */
  lastDurationTicks: number;
  /** End of the presentation so far, in ticks. */
  endTicks: number;
  /** From the first sample to the end of the last, in decoding time, in ticks. */
  mediaTicks: number;
  firstDtsTicks: number | undefined;
}

/**
 * Writes fragmented MP4: `ftyp` and `moov`, then a `moof` and `mdat` for each second or group of pictures, at the
 * end an index (`mfra`) and the durations. What was appended so far is a file that plays.
 *
 * The header comes with the first fragment, when it is known where the tracks start and what their first frames
 * say. Times below 0 are kept by an edit list. A sample whose duration nothing tells waits for the next one, at most
 * the length of a fragment.
 */
export class Mp4FragmentMuxer implements Muxer {
  readonly #inputs: TrackInputs;
  readonly #states: readonly TrackState[];
  readonly #options: Required<Omit<Mp4FragmentMuxerOptions, "tags" | "timeOffsetUs" | "resume">>;
  readonly #tags: Readonly<Record<string, string>>;
  readonly #index = new FragmentIndex();
  #durationFields: readonly DurationField[] | undefined;
  #sequenceNumber = 0;
  #writtenBytes = 0;
  #pendingBytes = 0;
  #pendingSamples = 0;
  #startUs = Infinity;

  /**
   * @param tracks At least one; ends each with its own track_ID, from 1 in this order.
   * @throws {FormatError} If MP4 cannot hold one of them.
   */
  constructor(tracks: readonly MuxTrack[], options: Mp4FragmentMuxerOptions = {}) {
    const { tags = {}, timeOffsetUs = 0, resume, ...sizes } = options;
    this.#inputs = new TrackInputs(tracks, { timeOffsetUs });
    this.#states = this.#inputs.all.map((input, at) => ({
      ...{ input, startTicks: 0, lastDurationTicks: 0, endTicks: 0, firstDtsTicks: undefined },
      ...resume?.tracks[at],
      mediaTicks: 0,
    }));
    this.#options = { ...DEFAULTS, ...sizes };
    this.#tags = tags;
    if (resume === undefined) return;
    this.#durationFields = resume.durationFields;
    this.#sequenceNumber = resume.fragments;
    this.#writtenBytes = resume.fileBytes;
    for (const row of resume.keyFrames) this.#index.add(row);
  }

  /** Nothing: the header comes with the first fragment. */
  begin(): Uint8Array {
    return NOTHING;
  }

  /** Takes one packet; returns a fragment, after the header if it is the first, or nothing. */
  write(packet: Packet | MediaPacket): Uint8Array {
    return this.#take(packet);
  }

  /** As `write`, into `writer`. */
  writeInto(packet: Packet | MediaPacket, writer: ByteWriter): void {
    this.#take(packet, writer);
  }

  /**
   * Ends the fragment with what has come: for who writes by the clock. The last sample of a track waits where only the
   * next one tells how long it lasts.
   */
  flushInto(writer: ByteWriter): void {
    const newestUs = this.#inputs.all.reduce((newest, input) => {
      const last = input.samples.at(-1);
      return last === undefined ? newest : Math.max(newest, usOf(last, input));
    }, -Infinity);
    this.#end({ nowUs: newestUs, followingTicks: new Map(), writer });
  }

  /** The last fragment and the index; the durations in the header. */
  end(): { readonly append: Uint8Array; readonly patches: readonly Patch[] } {
    const last = this.#encode(new Map());
    const index = this.#index.encode(this.#inputs.leading.containerTrackId);
    return { append: concatBytes([last, index]), patches: this.#durationPatches() };
  }

  #take(packet: Packet | MediaPacket, writer?: ByteWriter): Uint8Array {
    const input = this.#inputs.accept(packet);
    if (input === undefined) return NOTHING;
    const sample = input.sampleOf(packet);
    const bytes = this.#endsBefore(input, sample)
      ? this.#end({
        nowUs: usOf(sample, input),
        followingTicks: new Map([[input, sample.dtsTicks]]),
        writer,
      })
      : NOTHING;
    this.#gather(input, sample);
    return bytes;
  }

  #endsBefore(input: TrackInput, sample: Sample): boolean {
    if (this.#pendingSamples === 0) return false;
    if (this.#pendingSamples >= MAX_FRAGMENT_SAMPLES) return true;
    if (this.#pendingBytes + sample.payload.length > this.#options.maxFragmentBytes) return true;
    const { fragmentUs, minFragmentUs } = this.#options;
    const elapsedUs = usOf(sample, input) - this.#startUs;
    // the others give the leading track time to end the fragment where it suits it
    if (input !== this.#inputs.leading) return elapsedUs >= fragmentUs * PATIENCE;
    if (isAlwaysSync(input.track.kind) || !sample.isKeyFrame) return elapsedUs >= fragmentUs;
    return elapsedUs >= minFragmentUs || input.samples[0]?.isKeyFrame === false;
  }

  #gather(input: TrackInput, sample: Sample): void {
    input.samples.push(sample);
    this.#pendingSamples++;
    this.#pendingBytes += sample.payload.length;
    this.#startUs = Math.min(this.#startUs, usOf(sample, input));
  }

  /**
   * Ends the fragment at `nowUs`.
   *
   * @param end `followingTicks`: when the next sample is decoded, of the tracks where it is known. Others keep their
   *   last one for the next fragment, but not longer than one lasts. `writer`: where bytes go.
   */
  #end(end: {
    readonly nowUs: number;
    readonly followingTicks: Map<TrackInput, number>;
    readonly writer: ByteWriter | undefined;
  }): Uint8Array {
    const { nowUs, followingTicks, writer } = end;
    const held: [TrackInput, Sample][] = [];
    for (const other of this.#inputs.all) {
      const last = other.samples.at(-1);
      if (followingTicks.has(other) || last === undefined || last.durationTicks > 0) continue;
      if (nowUs - usOf(last, other) < this.#options.fragmentUs) {
        other.samples.pop();
        held.push([other, last]);
        followingTicks.set(other, last.dtsTicks);
      } else {
        followingTicks.set(other, other.clock.ticksOf(nowUs));
      }
    }
    const isEmpty = this.#inputs.all.every(({ samples }) => samples.length === 0);
    const bytes = isEmpty ? NOTHING : this.#encode(followingTicks, writer);
    if (isEmpty) this.#restart();
    for (const [owner, sample] of held) this.#gather(owner, sample);
    return bytes;
  }

  #restart(): void {
    this.#pendingBytes = 0;
    this.#pendingSamples = 0;
    this.#startUs = Infinity;
  }

  /**
   * Encodes what was gathered, and the header before it if there was none.
   *
   * @param followingTicks When the sample after the last one is decoded, of the tracks where it is known.
   * @param writer Where it is written to, rather than into an array.
   */
  #encode(followingTicks: ReadonlyMap<TrackInput, number>, writer?: ByteWriter): Uint8Array {
    const header = this.#durationFields === undefined ? this.#writeHeader(followingTicks) : NOTHING;
    const runs = this.#states.filter(({ input }) => input.samples.length > 0)
      .map((state) => takeRun(state, followingTicks.get(state.input)));
    this.#restart();
    writer?.bytes(header);
    if (runs.length === 0) return header;
    const { bytes } = encodeFragment(++this.#sequenceNumber, runs, writer);
    this.#noteKeyFrame(runs);
    this.#writtenBytes += bytes.length;
    return header.length === 0 || writer !== undefined ? bytes : concatBytes([header, bytes]);
  }

  /** One shift for all tracks, so that readers which ignore edit lists keep them together. */
  #writeHeader(followingTicks: ReadonlyMap<TrackInput, number>): Uint8Array {
    let shiftUs = 0;
    for (const { input } of this.#states) {
      const firstTicks = input.samples[0]?.dtsTicks ?? followingTicks.get(input) ?? 0;
      shiftUs = Math.max(shiftUs, -firstTicks / input.clock.timescale * MICROSECONDS);
    }
    for (const state of this.#states) {
      state.startTicks = Math.ceil(shiftUs * state.input.clock.timescale / MICROSECONDS - ROUNDING_TICKS);
    }
    const tracks = this.#states.map(({ input, startTicks }) => ({
      entry: input.entry,
      containerTrackId: input.containerTrackId,
      timescale: input.clock.timescale,
      startTicks,
    }));
    const { bytes, durationFields } = encodeInitSegment(tracks, { tags: this.#tags });
    this.#durationFields = durationFields;
    this.#writtenBytes += bytes.length;
    return bytes;
  }

  #noteKeyFrame(runs: readonly FragmentRun[]): void {
    const leadingId = this.#inputs.leading.containerTrackId;
    const runIndex = runs.findIndex(({ containerTrackId }) => containerTrackId === leadingId);
    const run = runs[runIndex];
    const sampleIndex = run?.samples.findIndex((sample) => sample.isKeyFrame) ?? -1;
    if (run === undefined || sampleIndex < 0) return;
    this.#index.add({
      timeTicks: Math.max(0, run.samples[sampleIndex]!.ptsTicks + run.startTicks),
      offset: this.#writtenBytes,
      runNumber: runIndex + 1,
      sampleNumber: sampleIndex + 1,
    });
  }

  #durationPatches(): Patch[] {
    const ends = this.#states.map(({ input, endTicks }) => endTicks / input.clock.timescale);
    return (this.#durationFields ?? []).map(({ offset, timescale, trackIndex, isOfMedia }) => {
      const state = this.#states[trackIndex ?? -1];
      const ticks = isOfMedia
        ? state!.mediaTicks
        : Math.round((trackIndex === undefined ? Math.max(0, ...ends) : ends[trackIndex]!) * timescale);
      return { offset, bytes: u64Bytes(Math.max(0, ticks)) };
    });
  }
}

/** Takes the gathered samples of a track. */
function takeRun(state: TrackState, followingTicks: number | undefined): FragmentRun {
  const { input, startTicks } = state;
  const { samples, entry, containerTrackId } = input;
  const first = samples[0]!;
  const last = samples.at(-1)!;
  if (first.dtsTicks + startTicks < 0) {
    throw new FormatError(
      `Cannot write ${entry.track.kind} track ${entry.track.trackId}: ${first.dtsTicks} ticks is before the file starts`,
    );
  }
  const knownTicks = followingTicks === undefined ? MAX_U32 + 1 : followingTicks - last.dtsTicks;
  const lastDurationTicks = knownTicks <= MAX_U32
    ? knownTicks
    : last.durationTicks || state.lastDurationTicks ||
      Math.round(input.clock.timescale / FALLBACK_FRAME_RATE);
  state.lastDurationTicks = lastDurationTicks;
  samples.forEach((sample, index) => {
    const endDtsTicks = samples[index + 1]?.dtsTicks ?? last.dtsTicks + lastDurationTicks;
    state.endTicks = Math.max(state.endTicks, sample.ptsTicks + endDtsTicks - sample.dtsTicks);
  });
  state.firstDtsTicks ??= first.dtsTicks;
  state.mediaTicks = last.dtsTicks + lastDurationTicks - state.firstDtsTicks;
  input.samples = [];
  return { entry, containerTrackId, samples, startTicks, lastDurationTicks };
}

function usOf(sample: Sample, input: TrackInput): number {
  return sample.dtsTicks / input.clock.timescale * MICROSECONDS;
}
