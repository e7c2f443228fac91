import type { ByteWriter } from "#bytes";
import { BoxWriter } from "./box_writer.ts";
import { isAlwaysSync, type Sample, SAMPLE_FLAGS } from "./sample.ts";
import type { SampleEntry } from "../entries/sample_entry.ts";

/** The samples of one track in one fragment. */
export interface FragmentRun {
  readonly entry: SampleEntry;
  /** track_ID, from 1. */
  readonly containerTrackId: number;
  /** In decode order, at least one; the difference of two decoding times fits 32 bits. */
  readonly samples: readonly Sample[];
  /** Added to all times of the track, so that none is negative, in its ticks. */
  readonly startTicks: number;
  /** Of the last sample, in ticks; the others last until the next one. */
  readonly lastDurationTicks: number;
}

/** One encoded fragment. */
export interface Fragment {
  /** `moof` and `mdat`; owned by the caller, a view of the writer's where there is one. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of `moof`. */
  readonly headerBytes: number;
}

/** Flags of `tfhd`: ISO/IEC 14496-12 section 8.8.7. */
const TFHD = { DefaultDuration: 0x08, DefaultFlags: 0x20, DefaultBaseIsMoof: 0x2_0000 } as const;
/** Flags of `trun`: section 8.8.8. */
const TRUN = {
  DataOffset: 0x001,
  FirstSampleFlags: 0x004,
  Duration: 0x100,
  Size: 0x200,
  Flags: 0x400,
  CompositionOffset: 0x800,
} as const;
const BOX_HEADER_BYTES = 8;

/**
 * Encodes one fragment, which is also a chunk of an HLS or DASH segment: `moof` and `mdat`, ISO/IEC 14496-12
 * section 8.8.4.
 *
 * @param sequenceNumber Rises from fragment to fragment, from 1.
 * @param runs Tracks that have samples in it; the bytes of each stand together, in this order.
 * @param into Where it is written to, rather than into an array of its own.
 */
// params: hot path
export function encodeFragment(
  sequenceNumber: number,
  runs: readonly FragmentRun[],
  into?: ByteWriter,
): Fragment {
  const writer = new BoxWriter();
  const dataOffsetsAt: number[] = [];
  writer.box("moof", () => {
    writer.box("mfhd", () => writer.versionAndFlags(0).u32(sequenceNumber));
    for (const run of runs) dataOffsetsAt.push(writeRun(writer, run));
  });
  const headerBytes = writer.length;
  let mediaBytes = 0;
  runs.forEach((run, index) => {
    writer.patchU32(dataOffsetsAt[index]!, headerBytes + BOX_HEADER_BYTES + mediaBytes);
    for (const { payload } of run.samples) mediaBytes += payload.length;
  });
  writer.u32(BOX_HEADER_BYTES + mediaBytes).fourCc("mdat");
  const header = writer.take();
  const length = header.length + mediaBytes;
  const bytes = into === undefined ? new Uint8Array(length) : into.span(length);
  joinMedia(bytes, header, runs);
  return { bytes, headerBytes };
}

// params: hot path
function joinMedia(bytes: Uint8Array, header: Uint8Array, runs: readonly FragmentRun[]): void {
  bytes.set(header);
  let at = header.length;
  for (const run of runs) {
    for (const { payload } of run.samples) {
      bytes.set(payload, at);
      at += payload.length;
    }
  }
}

/** Writes `traf`; returns where its data offset stands. */
function writeRun(writer: BoxWriter, run: FragmentRun): number {
  const form = formOf(run);
  const isVideo = !isAlwaysSync(run.entry.track.kind);
  let dataOffsetAt = 0;
  writer.box("traf", () => {
    writer.box("tfhd", () => {
      const flags = TFHD.DefaultBaseIsMoof | TFHD.DefaultFlags;
      writer.versionAndFlags(0, form.durationTicks === undefined ? flags : flags | TFHD.DefaultDuration);
      writer.u32(run.containerTrackId);
      if (form.durationTicks !== undefined) writer.u32(form.durationTicks);
      writer.u32(isVideo ? SAMPLE_FLAGS.Dependent : SAMPLE_FLAGS.Sync);
    });
    writer.box("tfdt", () => writer.versionAndFlags(1).u64(run.samples[0]!.dtsTicks + run.startTicks));
    writer.box("trun", () => {
      writer.versionAndFlags(1, form.flags).u32(run.samples.length);
      dataOffsetAt = writer.length;
      writer.u32(0);
      if ((form.flags & TRUN.FirstSampleFlags) !== 0) writer.u32(SAMPLE_FLAGS.Sync);
      writeRows(writer, run, form.flags);
    });
  });
  return dataOffsetAt;
}

/** Which columns the samples of a run need, and the duration they share if they do. */
function formOf(run: FragmentRun): { readonly flags: number; readonly durationTicks: number | undefined } {
  const { samples } = run;
  const durationTicks = sharedDuration(run);
  const hasKeyFrames = !isAlwaysSync(run.entry.track.kind) && samples.some((sample) => sample.isKeyFrame);
  const isFirstTheOnly = samples.every((sample, index) => sample.isKeyFrame === (index === 0));
  let flags: number = TRUN.DataOffset | TRUN.Size;
  if (durationTicks === undefined) flags |= TRUN.Duration;
  if (hasKeyFrames) flags |= isFirstTheOnly ? TRUN.FirstSampleFlags : TRUN.Flags;
  if (samples.some((sample) => sample.ptsTicks !== sample.dtsTicks)) flags |= TRUN.CompositionOffset;
  return { flags, durationTicks };
}

/** The duration of all samples of the run, if they have the same. */
function sharedDuration({ samples, lastDurationTicks }: FragmentRun): number | undefined {
  for (let i = 1; i < samples.length; i++) {
    if (samples[i]!.dtsTicks - samples[i - 1]!.dtsTicks !== lastDurationTicks) return undefined;
  }
  return lastDurationTicks;
}

function writeRows(writer: BoxWriter, { samples, lastDurationTicks }: FragmentRun, flags: number): void {
  for (let i = 0; i < samples.length; i++) {
    const { dtsTicks, ptsTicks, isKeyFrame, payload } = samples[i]!;
    if ((flags & TRUN.Duration) !== 0) {
      const next = samples[i + 1];
      writer.u32(next === undefined ? lastDurationTicks : next.dtsTicks - dtsTicks);
    }
    writer.u32(payload.length);
    if ((flags & TRUN.Flags) !== 0) writer.u32(isKeyFrame ? SAMPLE_FLAGS.Sync : SAMPLE_FLAGS.Dependent);
    if ((flags & TRUN.CompositionOffset) !== 0) writer.u32(ptsTicks - dtsTicks);
  }
}
