import type { AmfObject } from "#amf";
import type { ByteSource } from "#bytes";
import { FlvMuxer, type FlvMuxerOptions, readFlvResumePoint } from "#mediaformats/flv";
import { Mp4FragmentMuxer, readMp4ResumePoint } from "#mediaformats/mp4";
import { readTsResumePoint, TsMuxer } from "#mediaformats/mpegts";
import type { Muxer, MuxTrack } from "#media";

/** What a muxer is made with, beside the tracks. */
export interface MuxerSettings {
  /** Members of the stream's `onMetaData`. */
  readonly metadata: Readonly<AmfObject> | undefined;
  /** Added to all times, in microseconds. */
  readonly timeOffsetUs: number;
}

/** How a file is gone on with. */
export interface Continuation {
  /** What follows is to be cut off first, in bytes. */
  readonly fileBytes: number;
  /** Time of the next packet in the file, in ms. */
  readonly nextMs: number;
  /** Makes a muxer, of the tracks that the file was looked at with. */
  create(settings: MuxerSettings): Muxer;
}

/** A format that recordings can have. */
export interface RecordingFormat {
  /** Of its files, without the dot. */
  readonly extension: string;
  /** Whether it takes packets as FLV has them: script data, control data, tracks that come later. */
  readonly isFlv: boolean;
  /**
   * Makes a muxer.
   *
   * @throws {FormatError} If the format cannot hold one of the tracks.
   */
  create(tracks: readonly MuxTrack[], settings: MuxerSettings): Muxer;
  /**
   * Finds how to go on with a file.
   *
   * @param source Borrowed.
   * @throws {FormatError} If it cannot be gone on with, or not with these tracks.
   */
  resume(source: ByteSource, tracks: readonly MuxTrack[]): Promise<Continuation>;
}

/** Longest time between a packet and its bytes in the file, in ms: what is lost if the server dies. */
export const RECORDING_FLUSH_MS = 900;
/** Longest fragment of MP4, in microseconds: what is written at once is one, and a key frame begins another. */
const FRAGMENT_US = 2_000_000;

/** The formats, by the names they have in the configuration. */
export const RECORDING_FORMAT = {
  flv: {
    extension: "flv",
    isFlv: true,
    create: (tracks, settings) => new FlvMuxer(tracks, flvOptions(settings)),
    resume: async (source, tracks) => {
      const resume = await readFlvResumePoint(source);
      return { ...resume, create: (settings) => new FlvMuxer(tracks, { ...flvOptions(settings), resume }) };
    },
  },
  mp4: {
    extension: "mp4",
    isFlv: false,
    create: (tracks, { timeOffsetUs }) =>
      new Mp4FragmentMuxer(tracks, { timeOffsetUs, fragmentUs: FRAGMENT_US }),
    resume: async (source, tracks) => {
      const resume = await readMp4ResumePoint(source, tracks);
      const create = ({ timeOffsetUs }: MuxerSettings) =>
        new Mp4FragmentMuxer(tracks, { timeOffsetUs, fragmentUs: FRAGMENT_US, resume });
      return { ...resume, create };
    },
  },
  ts: {
    extension: "ts",
    isFlv: false,
    create: (tracks, settings) => new TsMuxer(tracks, tsOptions(settings)),
    resume: async (source, tracks) => {
      const resume = await readTsResumePoint(source);
      return { ...resume, create: (settings) => new TsMuxer(tracks, { ...tsOptions(settings), resume }) };
    },
  },
} as const satisfies Readonly<Record<string, RecordingFormat>>;

function flvOptions({ metadata, timeOffsetUs }: MuxerSettings): FlvMuxerOptions {
  return { timeOffsetUs, ...(metadata === undefined ? {} : { metadata }) };
}

/** 90 kHz: bases are whole ms. */
function tsOptions({ timeOffsetUs }: MuxerSettings): { readonly timeOffsetTicks: number } {
  return { timeOffsetTicks: timeOffsetUs * 9 / 100 };
}

/** Name of a format. */
export type RecordingFormatName = keyof typeof RECORDING_FORMAT;

/** The tracks that a format can hold, each tried by itself. */
export function holdableTracks(
  format: RecordingFormat,
  tracks: readonly MuxTrack[],
): { readonly held: readonly MuxTrack[]; readonly left: readonly MuxTrack[] } {
  const held: MuxTrack[] = [];
  const left: MuxTrack[] = [];
  for (const track of tracks) (canHold(format, track) ? held : left).push(track);
  return { held, left };
}

function canHold(format: RecordingFormat, track: MuxTrack): boolean {
  try {
    format.create([track], { metadata: undefined, timeOffsetUs: 0 });
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
