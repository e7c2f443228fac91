import { ConfigError, errorMessage, FormatError } from "#errors";
import type { MediaSummary, MediaTrack, Muxer } from "#media";
import { formatOfName, type MediaFormat } from "#mediaformats";

/** What a writer is told of the file that is read. */
export interface InputSummary extends MediaSummary {
  /** Decoding time of the earliest of its first packets, whatever their track, or 0: in microseconds. */
  readonly earliestUs: number;
}

/** Writes one container. */
interface OutputFormat {
  readonly open: (
    tracks: readonly MediaTrack[],
    summary: Pick<InputSummary, "formatName" | "startUs" | "tags" | "earliestUs">,
  ) => Muxer;
}

const EMPTY_PACKET = {
  role: "media",
  dtsUs: 0,
  ptsUs: 0,
  isKeyFrame: true,
  payload: new Uint8Array(0),
} as const;

/** Writers by container, loaded when they are needed. */
const OUTPUTS: Readonly<Partial<Record<MediaFormat, () => Promise<OutputFormat>>>> = {
  flv: async () => {
    const { FlvMuxer, tagBodyOf } = await import("#mediaformats/flv");
    return {
      open: (tracks, { formatName, tags, earliestUs }) => {
        // what came in a tag body leaves in it, unread; a codec without a form of its own needs one
        if (formatName !== "flv") { for (const track of tracks) tagBodyOf({ ...EMPTY_PACKET, ...track }); }
        // FLV has no times before 0: all tracks move by whole milliseconds, so that they are rounded as they were
        return new FlvMuxer(tracks, {
          tags,
          timeOffsetUs: Math.ceil(Math.max(0, -earliestUs) / 1000) * 1000,
        });
      },
    };
  },
  mp4: async () => {
    const { Mp4Muxer } = await import("#mediaformats/mp4");
    return { open: (tracks, { tags }) => new Mp4Muxer(tracks, { tags }) };
  },
  ts: async () => {
    const { TsMuxer } = await import("#mediaformats/mpegts");
    return {
      open: (tracks, { startUs }) => new TsMuxer(tracks, { timeOffsetTicks: tsOffsetTicks(startUs) }),
    };
  },
};

/** Room for the clock, which runs ahead of decoding, and for decoding before showing: 1.4 s, as FFmpeg leaves. */
const TS_LEAD_TICKS = 126_000;

/** Moves what would begin before the clock can; times that leave it room stay. */
function tsOffsetTicks(startUs: number): number {
  const startTicks = Math.floor(startUs * 0.09);
  return startTicks >= TS_LEAD_TICKS ? 0 : TS_LEAD_TICKS - Math.min(0, startTicks);
}

/** Tags that say how the other container was written. */
const CONTAINER_TAGS = new Set(["major_brand", "minor_version", "compatible_brands", "encoder"]);

/** A writer, and what it does not write. */
export interface ChosenOutput {
  readonly muxer: Muxer;
  /** Those that are written, by `MediaTrack.index`. */
  readonly written: ReadonlySet<number>;
  /** Why each of the others is left out, as sentences. */
  readonly leftOut: readonly string[];
}

/** Extensions of containers that can be written, for messages. */
export const WRITTEN_FORMATS: readonly string[] = Object.keys(OUTPUTS);

/**
 * Opens a writer for all tracks that the container of `path` can hold.
 *
 * @throws {ConfigError} If its extension is of no container that is written.
 * @throws {FormatError} If the container holds none of the tracks.
 */
export async function chooseOutput(path: string, summary: InputSummary): Promise<ChosenOutput> {
  const format = formatOfName(path);
  const load = format === undefined ? undefined : OUTPUTS[format];
  if (load === undefined) {
    throw new ConfigError(
      `Cannot write "${path}": its name must end as one of ${WRITTEN_FORMATS.join(", ")} does`,
    );
  }
  const { open } = await load();
  const leftOut: string[] = [];
  const tracks = summary.tracks.filter((track) => {
    const fault = track.kind === "data"
      ? "subtitles and data are not written"
      : faultOf(() => open([track], summary));
    if (fault !== undefined) leftOut.push(`track ${track.index} (${track.codecName}) is left out: ${fault}`);
    return fault === undefined;
  });
  if (tracks.length === 0) {
    throw new FormatError([`Cannot write "${path}": it can hold none of the tracks`, ...leftOut].join("; "));
  }
  const tags = Object.entries(summary.tags).filter(([key]) => !CONTAINER_TAGS.has(key.toLowerCase()));
  return {
    muxer: open(tracks, { ...summary, tags: Object.fromEntries(tags) }),
    written: new Set(tracks.map(({ index }) => index)),
    leftOut,
  };
}

function faultOf(open: () => unknown): string | undefined {
  try {
    open();
    return undefined;
  } catch (error) {
    if (error instanceof FormatError || error instanceof TypeError) return errorMessage(error);
    throw error;
  }
}
