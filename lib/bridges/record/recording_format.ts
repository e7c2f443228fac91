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
  /** Added to all times by muxers that can, in microseconds; see `RecordingFormat.shiftsTimes`. */
  readonly timeOffsetUs: number;
}

/** A format that recordings can have. */
export interface RecordingFormat {
  /** Of its files, without the dot. */
  readonly extension: string;
  /** Whether it takes packets as FLV has them: script data, control data, tracks that come later. */
  readonly isFlv: boolean;
  /** Whether its muxer adds `timeOffsetUs`, so that packets need no copies with other times. */
  readonly shiftsTimes: boolean;
  /** How often its files are written, in ms: what is lost if the server dies, beside what the muxer gathers. */
  readonly flushMs: number;
  /**
   * Makes a muxer.
   *
   * @throws {FormatError} If the format cannot hold one of the tracks.
   */
  create(tracks: readonly MuxTrack[], settings: MuxerSettings): Muxer;
}

/** Longest time between a packet and its bytes in the file, in ms: what is lost if the server dies. */
export const RECORDING_FLUSH_MS = 900;
/** Media gathered into one fragment of MP4, in microseconds. */
const FRAGMENT_US = 400_000;

/** The formats, by the names they have in the configuration. */
export const RECORDING_FORMAT = {
  flv: {
    extension: "flv",
    isFlv: true,
    shiftsTimes: true,
    flushMs: RECORDING_FLUSH_MS,
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
    shiftsTimes: false,
    flushMs: RECORDING_FLUSH_MS - FRAGMENT_US / 1000,
    create: (tracks) => new Mp4FragmentMuxer(tracks, { fragmentUs: FRAGMENT_US }),
  },
  ts: {
    extension: "ts",
    isFlv: false,
    shiftsTimes: true,
    flushMs: RECORDING_FLUSH_MS,
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
