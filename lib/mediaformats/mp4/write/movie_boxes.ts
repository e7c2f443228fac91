import type { BoxWriter } from "./box_writer.ts";
import type { SampleEntry } from "../entries/sample_entry.ts";
import { writeSampleEntry } from "../entries/write_entry.ts";

/** Track header flags: ISO/IEC 14496-12 section 8.3.2.3. */
const TRACK_FLAG = { Enabled: 1, InMovie: 2 } as const;
/** `url ` flag: the media are in the same file, section 8.7.2. */
const SELF_CONTAINED = 1;
const FIXED_ONE = 0x0001_0000;
const FIXED_30_ONE = 0x4000_0000;
const VOLUME_ONE = 0x0100;
const MAX_U32 = 0xffff_ffff;
const UNDETERMINED_LANGUAGE = "und";

/** One entry of an edit list: section 8.6.6. */
export interface Edit {
  /** In ticks of the movie; 0 in a fragmented file is "to the end". */
  readonly durationTicks: number;
  /** In ticks of the track; -1 for an empty edit. */
  readonly mediaTicks: number;
}

/** What the header of one track says. */
export interface TrackHeader {
  readonly entry: SampleEntry;
  /** track_ID, from 1. */
  readonly containerTrackId: number;
  readonly timescale: number;
  /** Of the samples, in ticks of the track. */
  readonly mediaDurationTicks: number;
  /** With its edits, in ticks of the movie. */
  readonly movieDurationTicks: number;
  readonly edits: readonly Edit[];
  /** Version 1 of boxes with times, whatever the times. */
  readonly hasWideTimes: boolean;
  /** Writes the boxes of `stbl` after `stsd`. */
  readonly writeSampleTable: (writer: BoxWriter) => void;
}

/** Where durations stand, to be patched once they are known; offsets from the start of what was written, in bytes. */
export interface TrackDurationFields {
  readonly tkhd: number;
  readonly mdhd: number;
}

/** Writes `mvhd`: section 8.2.2. Returns the offset of its duration. */
export function writeMovieHeader(
  writer: BoxWriter,
  movie: { timescale: number; durationTicks: number; nextTrackId: number; hasWideTimes: boolean },
): number {
  const version = movie.hasWideTimes || movie.durationTicks > MAX_U32 ? 1 : 0;
  let durationAt = 0;
  writer.box("mvhd", () => {
    writer.versionAndFlags(version).time(0, version).time(0, version).u32(movie.timescale);
    durationAt = writer.length;
    writer.time(movie.durationTicks, version).u32(FIXED_ONE).u16(VOLUME_ONE, 0).zeros(8);
    writeMatrix(writer);
    writer.zeros(24).u32(movie.nextTrackId);
  });
  return durationAt;
}

/** Writes one `trak`: section 8.3. */
export function writeTrack(writer: BoxWriter, header: TrackHeader): TrackDurationFields {
  const fields = { tkhd: 0, mdhd: 0 };
  writer.box("trak", () => {
    fields.tkhd = writeTrackHeader(writer, header);
    if (header.edits.length > 0) writeEdits(writer, header.edits);
    writer.box("mdia", () => {
      fields.mdhd = writeMediaHeader(writer, header);
      writeMediaHandler(writer, header.entry.track.kind === "video");
      writer.box("minf", () => {
        writeMediaKind(writer, header.entry.track.kind === "video");
        writer.box("dinf", () =>
          writer.box("dref", () => {
            writer.versionAndFlags(0).u32(1);
            writer.box("url ", () => writer.versionAndFlags(0, SELF_CONTAINED));
          }));
        writer.box("stbl", () => {
          writer.box("stsd", () => {
            writer.versionAndFlags(0).u32(1);
            writeSampleEntry(writer, header.entry);
          });
          header.writeSampleTable(writer);
        });
      });
    });
  });
  return fields;
}

function writeTrackHeader(writer: BoxWriter, header: TrackHeader): number {
  const { entry, containerTrackId, movieDurationTicks, hasWideTimes } = header;
  const { track, width, height } = entry;
  const isDefault = track.trackId === 0;
  const version = hasWideTimes || movieDurationTicks > MAX_U32 ? 1 : 0;
  let durationAt = 0;
  writer.box("tkhd", () => {
    writer.versionAndFlags(version, TRACK_FLAG.InMovie | (isDefault ? TRACK_FLAG.Enabled : 0));
    writer.time(0, version).time(0, version).u32(containerTrackId, 0);
    durationAt = writer.length;
    writer.time(movieDurationTicks, version).zeros(8);
    // layer, alternate group: tracks of one kind are alternatives
    writer.u16(0, track.kind === "audio" ? 1 : 0, track.kind === "audio" ? VOLUME_ONE : 0, 0);
    writeMatrix(writer, { degrees: track.rotationDegrees ?? 0, width, height });
    writer.u16(width, 0, height, 0);
  });
  return durationAt;
}

/** The matrix of section 6.2.2: turned clockwise about the origin, then moved back into the picture. */
function writeMatrix(
  writer: BoxWriter,
  { degrees, width, height }: { degrees: number; width: number; height: number } = NOT_TURNED,
): void {
  const turns = (degrees / 90 % 4 + 4) % 4;
  const cosine = [1, 0, -1, 0][turns] ?? 1;
  const sine = [0, 1, 0, -1][turns] ?? 0;
  const x = turns === 1 ? height : turns === 2 ? width : 0;
  const y = turns === 3 ? width : turns === 2 ? height : 0;
  writer.u32(cosine * FIXED_ONE, sine * FIXED_ONE, 0, -sine * FIXED_ONE, cosine * FIXED_ONE, 0);
  writer.u32(x * FIXED_ONE, y * FIXED_ONE, FIXED_30_ONE);
}

const NOT_TURNED = { degrees: 0, width: 0, height: 0 } as const;

/** Writes `edts`: section 8.6.5. */
export function writeEdits(writer: BoxWriter, edits: readonly Edit[]): void {
  const version = edits.some(isWideEdit) ? 1 : 0;
  writer.box("edts", () =>
    writer.box("elst", () => {
      writer.versionAndFlags(version).u32(edits.length);
      for (const { durationTicks, mediaTicks } of edits) {
        writer.time(durationTicks, version);
        if (version === 1) mediaTicks < 0 ? writer.u32(MAX_U32, MAX_U32) : writer.u64(mediaTicks);
        else writer.u32(mediaTicks);
        writer.u16(1, 0); // media_rate
      }
    }));
}

function isWideEdit({ durationTicks, mediaTicks }: Edit): boolean {
  return durationTicks > MAX_U32 || mediaTicks > MAX_U32 >>> 1;
}

function writeMediaHeader(writer: BoxWriter, header: TrackHeader): number {
  const { entry, timescale, mediaDurationTicks, hasWideTimes } = header;
  const version = hasWideTimes || mediaDurationTicks > MAX_U32 ? 1 : 0;
  let durationAt = 0;
  writer.box("mdhd", () => {
    writer.versionAndFlags(version).time(0, version).time(0, version).u32(timescale);
    durationAt = writer.length;
    writer.time(mediaDurationTicks, version).u16(packLanguage(entry.track.language), 0);
  });
  return durationAt;
}

/** Three letters of five bits: section 8.4.2.3. */
function packLanguage(language = UNDETERMINED_LANGUAGE): number {
  const code = /^[a-z]{3}$/.test(language) ? language : UNDETERMINED_LANGUAGE;
  return [...code].reduce((packed, letter) => packed << 5 | letter.charCodeAt(0) - 0x60, 0);
}

function writeMediaHandler(writer: BoxWriter, isVideo: boolean): void {
  writer.box("hdlr", () => {
    writer.versionAndFlags(0).u32(0).fourCc(isVideo ? "vide" : "soun").zeros(12);
    writer.utf8(isVideo ? "VideoHandler" : "SoundHandler").u8(0);
  });
}

function writeMediaKind(writer: BoxWriter, isVideo: boolean): void {
  if (isVideo) writer.box("vmhd", () => writer.versionAndFlags(0, 1).zeros(8));
  else writer.box("smhd", () => writer.versionAndFlags(0).zeros(4));
}
