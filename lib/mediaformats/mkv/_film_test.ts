/** Builds Matroska files for the tests, element by element. */
import { concatBytes, encodeUtf8 } from "#bytes";
import { ELEMENT_ID } from "./element_id.ts";

const { Ebml, DocType, Segment, Tracks, TrackEntry, Cluster, Timestamp } = ELEMENT_ID;

/** What stands for a size that is not told, in a size field of eight bytes. */
export const UNKNOWN = Uint8Array.fromHex("01ffffffffffffff");

/** An ID as it stands in a file. */
function idBytes(id: number): Uint8Array {
  const hex = id.toString(16);
  return Uint8Array.fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
}

/** A variable-size integer, as short as can be or of `length` bytes. */
export function vint(value: number, length = value < 127 ? 1 : value < 16_383 ? 2 : 4): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = length - 1, rest = value; at >= 0; at--, rest = Math.floor(rest / 256)) {
    bytes[at] = rest % 256;
  }
  bytes[0]! |= 0x80 >> length - 1;
  return bytes;
}

/** An element that holds `parts`. */
export function element(id: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(parts);
  return concatBytes([idBytes(id), vint(content.length), content]);
}

/** An element whose size field says `size`, whatever it holds. */
export function elementOfSize(id: number, size: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes([idBytes(id), size, ...parts]);
}

/** An element that holds an unsigned integer. */
export function uint(id: number, value: number): Uint8Array {
  const hex = value.toString(16);
  return element(id, Uint8Array.fromHex(hex.length % 2 === 0 ? hex : `0${hex}`));
}

/** An element that holds a float of eight bytes. */
export function float(id: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return element(id, bytes);
}

/** An element that holds text. */
export function text(id: number, value: string): Uint8Array {
  return element(id, encodeUtf8(value));
}

/** The EBML header of a Matroska file. */
export const HEADER = element(Ebml, text(DocType, "matroska"));

/** A track: its number, its type, its codec, and more. */
export function track(
  place: { number: number; type: number; codecId: string },
  ...more: readonly Uint8Array[]
): Uint8Array {
  return element(
    TrackEntry,
    uint(ELEMENT_ID.TrackNumber, place.number),
    uint(ELEMENT_ID.TrackType, place.type),
    text(ELEMENT_ID.CodecId, place.codecId),
    ...more,
  );
}

/** What a block says before its frames. */
export interface BlockFields {
  readonly track?: number;
  /** Relative to the cluster. */
  readonly ticks?: number;
  /** 0x80 is a key frame, 0x02, 0x04 and 0x06 are the lacings. */
  readonly flags?: number;
}

/** The content of a Block or SimpleBlock. */
export function blockContent(fields: BlockFields, ...frames: readonly Uint8Array[]): Uint8Array {
  const { track = 1, ticks = 0, flags = 0 } = fields;
  return concatBytes([vint(track), new Uint8Array([ticks >> 8 & 0xff, ticks & 0xff, flags]), ...frames]);
}

/** A SimpleBlock. */
export function simpleBlock(fields: BlockFields, ...frames: readonly Uint8Array[]): Uint8Array {
  return element(ELEMENT_ID.SimpleBlock, blockContent(fields, ...frames));
}

/** A cluster at a time, with what it holds. */
export function cluster(ticks: number, ...blocks: readonly Uint8Array[]): Uint8Array {
  return element(Cluster, uint(Timestamp, ticks), ...blocks);
}

/** A whole file: header, segment of unknown size, tracks, and what follows. */
export function file(tracks: readonly Uint8Array[], ...rest: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concatBytes([HEADER, elementOfSize(Segment, UNKNOWN), element(Tracks, ...tracks), ...rest]);
}

/** VP8, which has no configuration and no reordering. */
export const VIDEO = { number: 1, type: 1, codecId: "V_VP8" };
/** MP3, which has no configuration. */
export const AUDIO = { number: 2, type: 2, codecId: "A_MPEG/L3" };

/** A frame that is unlike others: `seed` first, then its number of bytes. */
export function frame(seed: number, length = 5): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at === 0 ? seed & 0xff : length);
}

/**
 * Clusters of a film: one a second, each with a key frame first, 4 pictures and 2 packets of sound.
 *
 * @param wrap What makes a cluster of its time and blocks.
 */
export function filmClusters(seconds: number, wrap: typeof cluster = cluster): Uint8Array[] {
  return Array.from({ length: seconds }, (_, second) =>
    wrap(
      second * 1000,
      simpleBlock({ ticks: 0, flags: 0x80 }, frame(second * 4)),
      simpleBlock({ track: 2, ticks: 0, flags: 0x80 }, frame(200, 3)),
      simpleBlock({ ticks: 250 }, frame(second * 4 + 1)),
      simpleBlock({ ticks: 500 }, frame(second * 4 + 2)),
      simpleBlock({ track: 2, ticks: 500, flags: 0x80 }, frame(201, 3)),
      simpleBlock({ ticks: 750 }, frame(second * 4 + 3)),
    ));
}

/** A cluster whose size is not told. */
export function openCluster(ticks: number, ...blocks: readonly Uint8Array[]): Uint8Array {
  return elementOfSize(Cluster, UNKNOWN, uint(Timestamp, ticks), ...blocks);
}

/** Cues for clusters that stand at `positions`, one a second. */
export function cuesOf(positions: readonly number[], trackNumber = 1): Uint8Array {
  return element(
    ELEMENT_ID.Cues,
    ...positions.map((position, second) =>
      element(
        ELEMENT_ID.CuePoint,
        uint(ELEMENT_ID.CueTime, second * 1000),
        element(
          ELEMENT_ID.CueTrackPositions,
          uint(ELEMENT_ID.CueTrack, trackNumber),
          // eight bytes, so that the size of the cues does not depend on what they say
          element(ELEMENT_ID.CueClusterPosition, Uint8Array.fromHex(position.toString(16).padStart(16, "0"))),
        ),
      )
    ),
  );
}

/**
 * A film of ten seconds with cues before its clusters.
 *
 * @param point Where the cue of a second points, by where the clusters are.
 */
export function filmWithCues(
  point = (positions: readonly number[], second: number): number => positions[second]!,
): Uint8Array<ArrayBuffer> {
  const tracks = element(Tracks, track(VIDEO), track(AUDIO));
  const clusters = filmClusters(10);
  let end = tracks.length + cuesOf(clusters.map(() => 0)).length;
  const positions = clusters.map(({ length }) => (end += length) - length);
  const cues = cuesOf(positions.map((_, second) => point(positions, second)));
  return concatBytes([HEADER, elementOfSize(Segment, UNKNOWN), tracks, cues, ...clusters]);
}
