import { concatBytes, encodeUtf8, MemorySource } from "#bytes";
import type { MediaPacket } from "#media";
import { Mp4Demuxer } from "./mp4_demuxer.ts";

/** What a box is built of. */
export type Part = Uint8Array | readonly Part[];

/** One byte each. */
export function u8(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** 16 bits each, big-endian. */
export function u16(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value]));
}

/** 32 bits each, big-endian; negative ones as two's complement. */
export function u32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(index * 4, value));
  return bytes;
}

/** 64 bits, big-endian. */
export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value));
  return bytes;
}

/** Text, each character a byte if it is below 256. */
export function chars(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** UTF-8. */
export function utf8(text: string): Uint8Array {
  return encodeUtf8(text);
}

export function zeros(count: number): Uint8Array {
  return new Uint8Array(count);
}

/** A box. */
export function box(type: string, ...parts: readonly Part[]): Uint8Array {
  const body = flatten(parts);
  return concatBytes([u32(body.length + 8), chars(type), body]);
}

/** A box with version and flags. */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly Part[]): Uint8Array {
  return box(type, u32((version << 24 | flags) >>> 0), ...parts);
}

function flatten(parts: readonly Part[]): Uint8Array {
  return concatBytes(parts.map((part) => part instanceof Uint8Array ? part : flatten(part)));
}

/** One sample of a file that is built. */
export interface BuiltSample {
  readonly bytes: Uint8Array;
  readonly durationTicks: number;
  readonly compositionOffset?: number;
  /** @default {true} */
  readonly isSync?: boolean;
  /** Said by fragments only. @default {false} */
  readonly isDisposable?: boolean;
}

/** One track of a file that is built. */
export interface BuiltTrack {
  readonly trackId: number;
  readonly handler: "vide" | "soun" | "text";
  readonly timescale: number;
  readonly samples: readonly BuiltSample[];
  /** The sample entry. @default {an entry without a codec that is known} */
  readonly entry?: Uint8Array;
  /** Boxes of `trak` beside those that are always there. */
  readonly extra?: Part;
  /** Boxes of `stbl` in place of what is made of the samples, by type. */
  readonly tables?: Readonly<Record<string, Uint8Array>>;
}

/** How a file is laid out. */
export interface Layout {
  /** Before `mdat`. @default {false} */
  readonly isMovieLast?: boolean;
  /** Head of `mdat`. @default {"plain"} */
  readonly mediaHead?: "plain" | "large" | "toEnd";
  /** 64-bit chunk offsets. @default {false} */
  readonly hasLargeOffsets?: boolean;
  /** Samples of a track that lie together. @default {1} */
  readonly chunkSamples?: number;
  /** All of one track, then all of the next. @default {false} */
  readonly isBySeparateTracks?: boolean;
  /** Boxes of `moov` beside those that are always there. */
  readonly extra?: Part;
  /** Boxes between `ftyp` and the next. */
  readonly filler?: Part;
  readonly brand?: string;
}

/** A video sample entry. */
export function videoEntry(format: string, ...boxes: readonly Part[]): Uint8Array {
  return box(format, [zeros(6), u16(1), zeros(16), u16(64, 48), zeros(14), zeros(32), zeros(4)], ...boxes);
}

/** An audio sample entry. */
export function audioEntry(format: string, ...boxes: readonly Part[]): Uint8Array {
  return box(format, [zeros(6), u16(1), zeros(8), u16(2, 16), zeros(4), u32(48_000 * 65_536)], ...boxes);
}

/** `elst` in `edts`: durations in ticks of the movie (1000 a second), media times in ticks of the track. */
export function editBox(...edits: readonly (readonly [duration: number, mediaTime: number])[]): Uint8Array {
  const entries = edits.map(([duration, mediaTime]) => [u32(duration, mediaTime), u32(0x1_0000)]);
  return box("edts", fullBox("elst", 0, 0, u32(edits.length), entries));
}

/** Builds a file with tables. */
export function buildFile(tracks: readonly BuiltTrack[], layout: Layout = {}): Uint8Array {
  const head = [box("ftyp", chars(layout.brand ?? "isom"), u32(512), chars("isom")), layout.filler ?? []];
  const chunks = chunksOf(tracks, layout);
  const media = concatBytes(chunks.map(({ bytes }) => bytes));
  const sized = { plain: [u32(media.length + 8), chars("mdat")], toEnd: [u32(0), chars("mdat")] };
  const mediaHead = flatten(
    layout.mediaHead === "large"
      ? [u32(1), chars("mdat"), u64(media.length + 16)]
      : sized[layout.mediaHead ?? "plain"],
  );
  const movieAt = (mediaStart: number): Uint8Array => movieBox(tracks, { layout, chunks, mediaStart });
  const before = flatten(layout.isMovieLast ? head : [...head, movieAt(0)]);
  const movie = movieAt(before.length + mediaHead.length);
  return layout.isMovieLast
    ? flatten([...head, mediaHead, media, movie])
    : flatten([...head, movie, mediaHead, media]);
}

interface Chunk {
  readonly track: number;
  readonly samples: number;
  readonly bytes: Uint8Array;
}

/** In turns of `chunkSamples`, or track by track. */
function chunksOf(tracks: readonly BuiltTrack[], layout: Layout): Chunk[] {
  const per = layout.chunkSamples ?? 1;
  const lists = tracks.map(({ samples }, track) =>
    Array.from({ length: Math.ceil(samples.length / per) }, (_, index) => {
      const part = samples.slice(index * per, (index + 1) * per);
      return { track, samples: part.length, bytes: concatBytes(part.map(({ bytes }) => bytes)) };
    })
  );
  if (layout.isBySeparateTracks) return lists.flat();
  const rounds = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: rounds }, (_, round) => lists.flatMap((list) => list[round] ?? [])).flat();
}

function movieBox(
  tracks: readonly BuiltTrack[],
  place: { layout: Layout; chunks: readonly Chunk[]; mediaStart: number },
): Uint8Array {
  return box(
    "moov",
    fullBox("mvhd", 0, 0, u32(0, 0, 1000, movieTicks(tracks)), zeros(80)),
    tracks.map((track, index) => trackBox(track, index, place)),
    place.layout.extra ?? [],
  );
}

function movieTicks(tracks: readonly BuiltTrack[]): number {
  const seconds = tracks.map(({ samples, timescale }) =>
    samples.reduce((sum, { durationTicks }) => sum + durationTicks, 0) / timescale
  );
  return Math.round(Math.max(0, ...seconds) * 1000);
}

const IDENTITY = u32(0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000);

function trackBox(
  track: BuiltTrack,
  index: number,
  { layout, chunks, mediaStart }: { layout: Layout; chunks: readonly Chunk[]; mediaStart: number },
): Uint8Array {
  const { trackId, handler, timescale, samples, entry, extra = [], tables = {} } = track;
  const duration = samples.reduce((sum, sample) => sum + sample.durationTicks, 0);
  const offsets: number[] = [];
  let offset = mediaStart;
  for (const chunk of chunks) {
    if (chunk.track === index) offsets.push(offset);
    offset += chunk.bytes.length;
  }
  const perChunk = chunks.filter((chunk) => chunk.track === index).map((chunk) => chunk.samples);
  const made = { ...tablesOf(samples, { offsets, perChunk, layout }), ...tables };
  return box(
    "trak",
    fullBox("tkhd", 0, 1, u32(0, 0, trackId, 0, duration), zeros(16), IDENTITY, zeros(8)),
    extra,
    box(
      "mdia",
      fullBox("mdhd", 0, 0, u32(0, 0, timescale, duration), u16(0x55c4, 0)),
      fullBox("hdlr", 0, 0, u32(0), chars(handler), zeros(12), chars(`${handler} handler\0`)),
      box(
        "minf",
        box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1))),
        box(
          "stbl",
          fullBox("stsd", 0, 0, u32(1), entry ?? box("none", zeros(6), u16(1), zeros(70))),
          Object.values(made),
        ),
      ),
    ),
  );
}

function tablesOf(
  samples: readonly BuiltSample[],
  place: { offsets: readonly number[]; perChunk: readonly number[]; layout: Layout },
): Record<string, Uint8Array> {
  const { offsets, perChunk, layout } = place;
  const syncs = samples.flatMap(({ isSync = true }, index) => isSync ? [index + 1] : []);
  const hasOffsets = samples.some(({ compositionOffset = 0 }) => compositionOffset !== 0);
  return {
    stts: fullBox(
      "stts",
      0,
      0,
      u32(samples.length, ...samples.flatMap((sample) => [1, sample.durationTicks])),
    ),
    ...(hasOffsets
      ? {
        ctts: fullBox(
          "ctts",
          1,
          0,
          u32(samples.length, ...samples.flatMap(({ compositionOffset = 0 }) => [1, compositionOffset])),
        ),
      }
      : {}),
    ...(syncs.length === samples.length ? {} : { stss: fullBox("stss", 0, 0, u32(syncs.length, ...syncs)) }),
    stsz: fullBox("stsz", 0, 0, u32(0, samples.length, ...samples.map(({ bytes }) => bytes.length))),
    stsc: fullBox(
      "stsc",
      0,
      0,
      u32(perChunk.length, ...perChunk.flatMap((count, index) => [index + 1, count, 1])),
    ),
    stco: layout.hasLargeOffsets
      ? fullBox("co64", 0, 0, u32(offsets.length), offsets.map(u64))
      : fullBox("stco", 0, 0, u32(offsets.length, ...offsets)),
  };
}

/** Samples of `count` pictures, 40 ticks each at 1000 a second; each third is a sync sample. */
export function pictures(count: number, seed = 0): BuiltSample[] {
  return Array.from({ length: count }, (_, index) => ({
    bytes: Uint8Array.from({ length: 5 + index % 7 }, (_, at) => seed + index * 16 + at),
    durationTicks: 40,
    isSync: index % 3 === 0,
  }));
}

/** Samples of `count` audio frames of 1024 ticks. */
export function sounds(count: number, seed = 100): BuiltSample[] {
  return Array.from({ length: count }, (_, index) => ({
    bytes: Uint8Array.from({ length: 3 + index % 3 }, (_, at) => seed + index * 8 + at),
    durationTicks: 1024,
  }));
}

/** A film of a second: 24 pictures, 46 audio frames. */
export function filmTracks(): BuiltTrack[] {
  return [
    { trackId: 1, handler: "vide", timescale: 1000, samples: pictures(24) },
    { trackId: 2, handler: "soun", timescale: 48_000, samples: sounds(46) },
  ];
}

/** Opens bytes. */
export function openBytes(bytes: Uint8Array): Promise<Mp4Demuxer> {
  return Mp4Demuxer.open(new MemorySource(bytes));
}

/** Reads all that is left; no more than `most` packets. */
export async function readAll(demuxer: Mp4Demuxer, most = 100_000): Promise<MediaPacket[]> {
  const packets: MediaPacket[] = [];
  while (packets.length < most) {
    const batch = await demuxer.read();
    if (batch.length === 0) break;
    packets.push(...batch);
  }
  return packets;
}

/** What a test compares of a packet. */
export function briefOf(
  { trackIndex, dtsTicks, ptsTicks, isKeyFrame, isDiscarded, payload }: MediaPacket,
): string {
  const flags = (isKeyFrame ? "K" : "_") + (isDiscarded ? "D" : "_");
  return `${trackIndex}: ${dtsTicks} ${ptsTicks} ${flags} ${payload.toHex()}`;
}

/** What `briefOf` gives for a track as it was built. */
export function expectedOf(track: BuiltTrack, trackIndex: number): string[] {
  let dts = 0;
  return track.samples.map(({ bytes, durationTicks, compositionOffset = 0, isSync = true }) => {
    const isKey = isSync || track.handler === "soun";
    const brief = `${trackIndex}: ${dts} ${dts + compositionOffset} ${isKey ? "K" : "_"}_ ${bytes.toHex()}`;
    dts += durationTicks;
    return brief;
  });
}

/** One `traf` of a fragment that is built. */
export interface BuiltRun {
  readonly trackId: number;
  readonly samples: readonly BuiltSample[];
  /** Left out where absent. */
  readonly decodeTime?: number;
  /** `trun` boxes the samples are spread over. @default {1} */
  readonly runs?: number;
}

/** How fragments are written. */
export interface FragmentLayout {
  /** What data offsets count from. @default {"moof"} */
  readonly base?: "moof" | "absolute" | "implicit";
  /** Durations and sizes by `tfhd`, where all samples have the same. @default {false} */
  readonly hasDefaults?: boolean;
  /** 64-bit decode times, `mdat` with a 64-bit size. @default {false} */
  readonly isLarge?: boolean;
}

const SYNC = 0x0200_0000;
const NOT_SYNC = 0x0101_0000;
const DISPOSABLE = 0x0080_0000;

/** Builds the head of a fragmented file. */
export function buildInit(tracks: readonly Omit<BuiltTrack, "samples">[], extra: Part = []): Uint8Array {
  const extends_ = box(
    "mvex",
    tracks.map(({ trackId }) => fullBox("trex", 0, 0, u32(trackId, 1, 0, 0, 0))),
  );
  const whole = buildFile(tracks.map((track) => ({ ...track, samples: [] })), { extra: [extends_, extra] });
  return whole.subarray(0, whole.length - 8);
}

/** Builds one fragment that starts at `offset`: `moof` and `mdat`. */
export function buildFragment(
  runs: readonly BuiltRun[],
  { offset = 0, layout = {} }: { offset?: number; layout?: FragmentLayout } = {},
): Uint8Array {
  const build = (mediaStart: number): Uint8Array => {
    let at = mediaStart;
    return box(
      "moof",
      fullBox("mfhd", 0, 0, u32(1)),
      runs.map((run, index) => {
        const built = trackFragment(run, { layout, at, offset, isFirst: index === 0 });
        at += run.samples.reduce((sum, { bytes }) => sum + bytes.length, 0);
        return built;
      }),
    );
  };
  const media = concatBytes(runs.flatMap(({ samples }) => samples.map(({ bytes }) => bytes)));
  const head = layout.isLarge
    ? concatBytes([u32(1), chars("mdat"), u64(media.length + 16)])
    : concatBytes([u32(media.length + 8), chars("mdat")]);
  const moof = build(offset + build(0).length + head.length);
  return concatBytes([moof, head, media]);
}

function trackFragment(
  run: BuiltRun,
  place: { layout: FragmentLayout; at: number; offset: number; isFirst: boolean },
): Uint8Array {
  const { trackId, samples, decodeTime, runs: count = 1 } = run;
  const { base = "moof", hasDefaults = false, isLarge = false } = place.layout;
  const flags = { moof: 0x2_0000, absolute: 1, implicit: 0 }[base] | (hasDefaults ? 0x38 : 0);
  const [first] = samples;
  const defaults = hasDefaults ? [u32(first!.durationTicks, first!.bytes.length, NOT_SYNC)] : [];
  // an implicit base is the end of the data before, the start of `moof` for the first
  const origin = base === "absolute" ? place.at : base === "moof" || place.isFirst ? place.offset : place.at;
  const per = Math.ceil(samples.length / count);
  let at = place.at;
  const boxes = Array.from({ length: count }, (_, index) => {
    const own = samples.slice(index * per, (index + 1) * per);
    const built = trackRun(own, { dataOffset: index === 0 ? at - origin : undefined, hasDefaults });
    at += own.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return built;
  });
  return box(
    "traf",
    fullBox("tfhd", 0, flags, u32(trackId), base === "absolute" ? u64(place.at) : [], defaults),
    decodeTime === undefined
      ? []
      : fullBox("tfdt", isLarge ? 1 : 0, 0, isLarge ? u64(decodeTime) : u32(decodeTime)),
    boxes,
  );
}

function trackRun(
  samples: readonly BuiltSample[],
  { dataOffset, hasDefaults }: { dataOffset: number | undefined; hasDefaults: boolean },
): Uint8Array {
  const offsetFlag = dataOffset === undefined ? 0 : 1;
  const start = [u32(samples.length), dataOffset === undefined ? [] : u32(dataOffset)];
  if (hasDefaults) {
    return fullBox("trun", 0, offsetFlag | 4, start, u32(samples[0]?.isSync === false ? NOT_SYNC : SYNC));
  }
  return fullBox(
    "trun",
    1,
    offsetFlag | 0xf00,
    start,
    samples.map(({ bytes, durationTicks, isSync = true, compositionOffset = 0, isDisposable = false }) => {
      const flags = (isSync ? SYNC : NOT_SYNC) | (isDisposable ? DISPOSABLE : 0);
      return u32(durationTicks, bytes.length, flags, compositionOffset);
    }),
  );
}

/** A fragmented film: as `filmTracks`, a fragment each 6 pictures and 11 or 12 audio frames. */
export function buildFragmentedFilm(
  options: { layout?: FragmentLayout; hasTimes?: boolean; runs?: number } = {},
): { bytes: Uint8Array; offsets: number[] } {
  const { layout = {}, hasTimes = true, runs = 1 } = options;
  const [video, audio] = filmTracks();
  const parts = [buildInit([video!, audio!])];
  const offsets: number[] = [];
  let length = parts[0]!.length;
  for (let index = 0; index < 4; index++) {
    const frames = audio!.samples.slice(index * 12, (index + 1) * 12);
    const times = hasTimes ? [{ decodeTime: index * 240 }, { decodeTime: index * 12 * 1024 }] : [{}, {}];
    const fragment = buildFragment([
      { trackId: 1, samples: video!.samples.slice(index * 6, (index + 1) * 6), runs, ...times[0] },
      { trackId: 2, samples: frames, runs, ...times[1] },
    ], { offset: length, layout });
    offsets.push(length);
    parts.push(fragment);
    length += fragment.length;
  }
  return { bytes: concatBytes(parts), offsets };
}
