import { FormatError, LimitError } from "#errors";
import { type BoxBody, fourCcAt } from "../boxes/box_body.ts";
import { BoxCursor } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import { MAX_MP4_TRACKS } from "../limits.ts";
import { readMeta, readUserTags, type TagTable } from "./tags.ts";
import { timestampTag } from "./timestamp_tag.ts";
import { readTrackBox, type TrackBox } from "./track_box.ts";

/** What samples of fragments have where the fragment does not say: `trex`, ISO/IEC 14496-12 section 8.8.3. */
export interface SampleDefaults {
  readonly durationTicks: number;
  readonly sizeBytes: number;
  readonly flags: number;
}

/** What `moov` says: section 8.2.1. */
export interface MovieBox {
  /** Ticks per second. */
  readonly timescale: number;
  /** In ticks of the movie; 0 where unknown. */
  readonly durationTicks: number;
  /** Of all fragments, by `mehd`, in ticks of the movie; 0 where unknown. */
  readonly fragmentDurationTicks: number;
  readonly tracks: readonly TrackBox[];
  /** By track_ID; `undefined` where no fragments are announced. */
  readonly fragmentDefaults: ReadonlyMap<number, SampleDefaults> | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** What `ftyp` says: section 4.3. */
export interface FileTypeBox {
  /** QuickTime, or a file from before there were brands. */
  readonly isQuickTime: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

const QUICKTIME_BRAND = "qt  ";
/** A file without `ftyp` is QuickTime. */
export const NO_FILE_TYPE: FileTypeBox = { isQuickTime: true, tags: {} };

/** Reads `ftyp`. */
export function readFileType(body: BoxBody): FileTypeBox {
  const major = body.fourCc("major brand");
  const minor = body.u32("minor version");
  const brands = body.rest();
  const compatible: string[] = [];
  for (let at = 0; at + 4 <= brands.length && at < MAX_BRANDS_BYTES; at += 4) {
    compatible.push(fourCcAt(brands, at));
  }
  return {
    isQuickTime: major === QUICKTIME_BRAND || compatible.includes(QUICKTIME_BRAND),
    tags: { major_brand: major, minor_version: String(minor), compatible_brands: compatible.join("") },
  };
}

const MAX_BRANDS_BYTES = 1024;

/**
 * Reads `moov`.
 *
 * @param body Of the box, whole; tables keep views of its bytes.
 * @throws {FormatError} If it is cut off or has no movie header.
 * @throws {LimitError} If it has more tracks than `MAX_MP4_TRACKS`.
 */
export function readMovie(body: BoxBody, fileType: FileTypeBox): MovieBox {
  const offset = body.fileOffset + body.at;
  const tracks: TrackBox[] = [];
  const tags: TagTable = {};
  let header: { timescale: number; durationTicks: number } | undefined;
  let extended: Extended | undefined;
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    switch (cursor.type) {
      case BOX.MovieHeader:
        header = readMovieHeader(cursor.body(), tags);
        break;
      case BOX.Track: {
        if (tracks.length === MAX_MP4_TRACKS) {
          throw new LimitError("MAX_MP4_TRACKS", {
            ...{ what: `movie header at offset ${offset}`, value: tracks.length + 1, limit: MAX_MP4_TRACKS },
          });
        }
        const track = readTrackBox(cursor.body(), fileType);
        if (track !== undefined) tracks.push(track);
        break;
      }
      case BOX.MovieExtends:
        extended = readMovieExtends(cursor.body());
        break;
      case BOX.UserTags:
        readUserTags(cursor.body(), tags);
        break;
      case BOX.Meta:
        readMeta(cursor.body(), tags);
        break;
      case BOX.CompressedMovie:
        throw new FormatError(`Cannot read movie header at offset ${offset}: it is compressed`, { offset });
    }
  }
  if (header === undefined) {
    throw new FormatError(`Cannot read movie header: no "mvhd" in "moov" at offset ${offset}`, { offset });
  }
  return {
    ...header,
    fragmentDurationTicks: extended?.durationTicks ?? 0,
    tracks,
    fragmentDefaults: extended?.defaults,
    tags: { ...fileType.tags, ...tags },
  };
}

/** Section 8.2.2. */
function readMovieHeader(body: BoxBody, tags: TagTable): { timescale: number; durationTicks: number } {
  const version = body.u8("version");
  body.skip(3, "flags");
  Object.assign(tags, timestampTag(body.time(version, "creation time")));
  body.time(version, "modification time");
  // A movie without a timescale has no edits that mean anything, and no duration.
  const timescale = body.u32("timescale") || 1;
  return { timescale, durationTicks: body.time(version, "duration") };
}

interface Extended {
  readonly durationTicks: number;
  readonly defaults: Map<number, SampleDefaults>;
}

/** Section 8.8.1. */
function readMovieExtends(body: BoxBody): Extended {
  const defaults = new Map<number, SampleDefaults>();
  let durationTicks = 0;
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    const part = cursor.body();
    if (cursor.type === BOX.MovieExtendsHeader) {
      const version = part.u8("version");
      part.skip(3, "flags");
      durationTicks = part.time(version, "fragment duration");
    } else if (cursor.type === BOX.TrackExtends && defaults.size < MAX_MP4_TRACKS) {
      part.skip(4, "version and flags");
      const trackId = part.u32("track ID");
      part.skip(4, "sample description index");
      defaults.set(trackId, {
        durationTicks: part.u32("default duration"),
        sizeBytes: part.u32("default size"),
        flags: part.u32("default flags"),
      });
    }
  }
  return { durationTicks, defaults };
}
