import type { AmfObject } from "#amf";
import { FlvMuxer, type FlvResumePoint } from "#mediaformats/flv";
import { Mp4FragmentMuxer } from "#mediaformats/mp4";
import { TsMuxer } from "#mediaformats/mpegts";
import type { Muxer, MuxTrack } from "#media";

/** What a muxer is made with, beside the tracks. */
export interface MuxerSettings {
  /** Members of the stream's `onMetaData`. */
  readonly metadata: Readonly<AmfObject> | undefined;
  /** The file that is gone on with. */
  readonly resume: FlvResumePoint | undefined;
  /** Added to all times, in microseconds. */
  readonly timeOffsetUs: number;
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
    create: (tracks, { metadata, resume, timeOffsetUs }) =>
      new FlvMuxer(tracks, {
        timeOffsetUs,
        ...(metadata === undefined ? {} : { metadata }),
        ...(resume === undefined ? {} : { resume }),
      }),
  },
  mp4: {
    extension: "mp4",
    isFlv: false,
    create: (tracks, { timeOffsetUs }) =>
      new Mp4FragmentMuxer(tracks, { timeOffsetUs, fragmentUs: FRAGMENT_US }),
  },
  ts: {
    extension: "ts",
    isFlv: false,
    // 90 kHz: bases are whole ms
    create: (tracks, { timeOffsetUs }) => new TsMuxer(tracks, { timeOffsetTicks: timeOffsetUs * 9 / 100 }),
  },
} as const satisfies Readonly<Record<string, RecordingFormat>>;

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
    format.create([track], { metadata: undefined, resume: undefined, timeOffsetUs: 0 });
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
