import { FormatError, LimitError } from "#errors";
import type { BoxBody } from "../boxes/box_body.ts";
import { BoxCursor } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import { MAX_MP4_FRAGMENT_SAMPLES } from "../limits.ts";
import type { SampleDefaults } from "../movie/movie_box.ts";

/** Flags of `tfhd`: ISO/IEC 14496-12 section 8.8.7. */
const TFHD_FLAG = {
  BaseDataOffset: 0x1,
  SampleDescription: 0x2,
  DefaultDuration: 0x8,
  DefaultSize: 0x10,
  DefaultFlags: 0x20,
  DefaultBaseIsMoof: 0x2_0000,
} as const;
/** Flags of `trun`: section 8.8.8. */
const TRUN_FLAG = {
  DataOffset: 0x1,
  FirstSampleFlags: 0x4,
  Duration: 0x100,
  Size: 0x200,
  Flags: 0x400,
  CompositionOffset: 0x800,
} as const;
/** Sample flags that say a sample depends on others: section 8.8.3. */
const NOT_SYNC = 0x0101_0000;
/** Those that say whether others depend on a sample, and their "no". */
const DEPENDED_ON = 0x00c0_0000;
const NOT_DEPENDED_ON = 0x0080_0000;
const FLAGS_MASK = 0xff_ffff;
const NO_DEFAULTS: SampleDefaults = { durationTicks: 0, sizeBytes: 0, flags: 0 };

/** Samples of one track in one fragment, in columns and in decode order. */
export interface FragmentSamples {
  /** track_ID. */
  readonly containerTrackId: number;
  /** Decoding time of the first sample by `tfdt`, in ticks; absent where times go on from the fragment before. */
  readonly decodeTime?: number;
  /** Samples that the columns hold; they may be longer. */
  readonly count: number;
  /** From the start of the file, in bytes. */
  readonly offsets: Float64Array;
  /** In bytes. */
  readonly sizes: Uint32Array;
  /** In ticks. */
  readonly durations: Uint32Array;
  /** Presentation after decoding, in ticks; signed. */
  readonly compositionOffsets: Int32Array;
  /** 1 where decoding can start. */
  readonly syncs: Uint8Array;
  /** 1 where no other sample needs it. */
  readonly disposables: Uint8Array;
}

/** What a fragment is read with. */
export interface FragmentContext {
  /** Where `moof` starts in the file, in bytes. */
  readonly moofOffset: number;
  /** By track_ID; tracks that have none here are left out. */
  readonly defaults: ReadonlyMap<number, SampleDefaults>;
}

/**
 * Reads `moof`: ISO/IEC 14496-12 section 8.8.4.
 *
 * @param body Of the box, whole; borrowed until the call returns.
 * @returns Samples of each `traf` that has any, in the order of the file.
 * @throws {FormatError} If a box in it is cut off, or has samples without a size.
 * @throws {LimitError} If it has more samples than `MAX_MP4_FRAGMENT_SAMPLES`.
 */
export function readMovieFragment(body: BoxBody, context: FragmentContext): FragmentSamples[] {
  const samples: FragmentSamples[] = [];
  const reading = { context, left: MAX_MP4_FRAGMENT_SAMPLES, implicitBase: context.moofOffset };
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    if (cursor.type !== BOX.TrackFragment) continue;
    const track = readTrackFragment(cursor.body(), reading);
    if (track !== undefined) samples.push(track);
  }
  return samples;
}

interface Reading {
  readonly context: FragmentContext;
  /** Samples that this fragment may still have. */
  left: number;
  /** Where the data of the `traf` before end; the base of one that states none. */
  implicitBase: number;
}

/** Section 8.8.6. */
function readTrackFragment(body: BoxBody, reading: Reading): FragmentSamples | undefined {
  let header: TrackFragmentHeader | undefined;
  let decodeTime: number | undefined;
  const runs: BoxBody[] = [];
  let count = 0;
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    const part = cursor.body();
    if (cursor.type === BOX.TrackFragmentHeader) header = readHeader(part, reading);
    else if (cursor.type === BOX.TrackFragmentDecodeTime) {
      const version = part.u8("version");
      part.skip(3, "flags");
      decodeTime = part.time(version, "decode time");
    } else if (cursor.type === BOX.TrackRun) {
      count += countOf(part, reading);
      runs.push(part);
    }
  }
  if (header === undefined) return undefined;
  const columns = new Columns(count);
  let base = header.base;
  for (const run of runs) base = readRun(run, { header, columns, after: base });
  reading.implicitBase = base;
  if (count === 0) return undefined;
  return {
    containerTrackId: header.containerTrackId,
    ...(decodeTime === undefined ? {} : { decodeTime }),
    ...columns.take(),
  };
}

/** Samples of one track fragment, while they are read. */
class Columns {
  readonly offsets: Float64Array;
  readonly sizes: Uint32Array;
  readonly durations: Uint32Array;
  readonly compositionOffsets: Int32Array;
  readonly syncs: Uint8Array;
  readonly disposables: Uint8Array;
  filled = 0;

  constructor(count: number) {
    this.offsets = new Float64Array(count);
    this.sizes = new Uint32Array(count);
    this.durations = new Uint32Array(count);
    this.compositionOffsets = new Int32Array(count);
    this.syncs = new Uint8Array(count);
    this.disposables = new Uint8Array(count);
  }

  take(): Omit<FragmentSamples, "containerTrackId" | "decodeTime"> {
    const { filled: count, offsets, sizes, durations, compositionOffsets, syncs, disposables } = this;
    return { count, offsets, sizes, durations, compositionOffsets, syncs, disposables };
  }
}

interface TrackFragmentHeader extends SampleDefaults {
  readonly containerTrackId: number;
  /** What data offsets count from. */
  readonly base: number;
}

/** Section 8.8.7; `undefined` for a track that is not known. */
function readHeader(body: BoxBody, { context, implicitBase }: Reading): TrackFragmentHeader | undefined {
  const flags = body.u32("version and flags") & FLAGS_MASK;
  const containerTrackId = body.u32("track ID");
  const defaults = context.defaults.get(containerTrackId);
  const base = (flags & TFHD_FLAG.BaseDataOffset) !== 0
    ? body.u64("base data offset")
    : (flags & TFHD_FLAG.DefaultBaseIsMoof) !== 0
    ? context.moofOffset
    : implicitBase;
  if ((flags & TFHD_FLAG.SampleDescription) !== 0) body.skip(4, "sample description index");
  const { durationTicks, sizeBytes, flags: sampleFlags } = defaults ?? NO_DEFAULTS;
  const header = {
    containerTrackId,
    base,
    durationTicks: (flags & TFHD_FLAG.DefaultDuration) === 0 ? durationTicks : body.u32("default duration"),
    sizeBytes: (flags & TFHD_FLAG.DefaultSize) === 0 ? sizeBytes : body.u32("default size"),
    flags: (flags & TFHD_FLAG.DefaultFlags) === 0 ? sampleFlags : body.u32("default flags"),
  };
  return defaults === undefined ? undefined : header;
}

/** Number of samples of a `trun`; moves over nothing. */
function countOf(body: BoxBody, reading: Reading): number {
  const peeked = body.fork();
  const flags = peeked.u32("version and flags") & FLAGS_MASK;
  const declared = peeked.u32("sample count");
  if ((flags & TRUN_FLAG.DataOffset) !== 0) peeked.skip(4, "data offset");
  if ((flags & TRUN_FLAG.FirstSampleFlags) !== 0) peeked.skip(4, "first sample flags");
  const sampleBytes = sampleBytesOf(flags);
  if (declared > reading.left) {
    throw new LimitError("MAX_MP4_FRAGMENT_SAMPLES", {
      what: `"trun" at offset ${body.fileOffset + body.at}`,
      value: MAX_MP4_FRAGMENT_SAMPLES - reading.left + declared,
      limit: MAX_MP4_FRAGMENT_SAMPLES,
    });
  }
  if (declared * sampleBytes > peeked.remaining) {
    const offset = body.fileOffset + body.at;
    throw new FormatError(
      `Cannot read "trun" at offset ${offset}: ${declared} samples need ${declared * sampleBytes} bytes, ` +
        `have ${peeked.remaining}`,
      { offset },
    );
  }
  reading.left -= declared;
  return declared;
}

function sampleBytesOf(flags: number): number {
  let bytes = 0;
  if ((flags & TRUN_FLAG.Duration) !== 0) bytes += 4;
  if ((flags & TRUN_FLAG.Size) !== 0) bytes += 4;
  if ((flags & TRUN_FLAG.Flags) !== 0) bytes += 4;
  if ((flags & TRUN_FLAG.CompositionOffset) !== 0) bytes += 4;
  return bytes;
}

/** Section 8.8.8. Returns where the data of the run end. */
function readRun(
  body: BoxBody,
  { header, columns, after }: { header: TrackFragmentHeader; columns: Columns; after: number },
): number {
  const flags = body.u32("version and flags") & FLAGS_MASK;
  const count = body.u32("sample count");
  let offset = (flags & TRUN_FLAG.DataOffset) === 0 ? after : header.base + body.i32("data offset");
  const firstFlags = (flags & TRUN_FLAG.FirstSampleFlags) === 0 ? undefined : body.u32("first sample flags");
  if ((flags & TRUN_FLAG.Size) === 0 && header.sizeBytes === 0 && count > 0) {
    const at = body.fileOffset + body.at;
    throw new FormatError(`Cannot read "trun" at offset ${at}: ${count} samples have no size`, {
      offset: at,
    });
  }
  const { view } = body;
  let at = body.at;
  for (let i = 0; i < count; i++) {
    const to = columns.filled++;
    let size = header.sizeBytes, duration = header.durationTicks, sampleFlags = header.flags;
    if ((flags & TRUN_FLAG.Duration) !== 0) {
      duration = view.getUint32(at);
      at += 4;
    }
    if ((flags & TRUN_FLAG.Size) !== 0) {
      size = view.getUint32(at);
      at += 4;
    }
    if ((flags & TRUN_FLAG.Flags) !== 0) {
      sampleFlags = view.getUint32(at);
      at += 4;
    }
    if (i === 0 && firstFlags !== undefined) sampleFlags = firstFlags;
    if ((flags & TRUN_FLAG.CompositionOffset) !== 0) {
      // Signed in version 1; in version 0 what is that large was meant so too.
      columns.compositionOffsets[to] = view.getInt32(at);
      at += 4;
    }
    columns.offsets[to] = offset;
    columns.sizes[to] = size;
    columns.durations[to] = duration;
    columns.syncs[to] = (sampleFlags & NOT_SYNC) === 0 ? 1 : 0;
    columns.disposables[to] = (sampleFlags & DEPENDED_ON) === NOT_DEPENDED_ON ? 1 : 0;
    offset += size;
  }
  return offset;
}
