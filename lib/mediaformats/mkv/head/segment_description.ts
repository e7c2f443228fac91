import { bigIntOf, childrenOf, type EbmlElement, floatOf, textOf, uintOf } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";
import { TagMap } from "./tag_map.ts";

/** What the segment says of itself: RFC 9559 section 5.1.2. */
export interface SegmentDescription {
  /** Nanoseconds of one tick; at least 1. */
  readonly timestampScale: number;
  /** In ticks, may be a fraction; `undefined` where it is absent. */
  readonly duration: number | undefined;
  /** By ffprobe's names. */
  readonly tags: TagMap;
}

/** Ticks of a millisecond. */
const DEFAULT_TIMESTAMP_SCALE = 1_000_000;
/** A tick of 1000 s: longer ones leave nothing of a film. */
const MAX_TIMESTAMP_SCALE = 1_000_000_000_000;
/** From 1970 to 2001, from which DateUTC counts. */
const EPOCH_2001_US = 978_307_200_000_000n;

/** What a file without Info has. */
export const PLAIN_SEGMENT: SegmentDescription = {
  timestampScale: DEFAULT_TIMESTAMP_SCALE,
  duration: undefined,
  tags: new TagMap(),
};

/**
 * Reads an Info element.
 *
 * @throws {FormatError} If it is malformed.
 */
export function readSegmentInfo(info: EbmlElement): SegmentDescription {
  let timestampScale = DEFAULT_TIMESTAMP_SCALE;
  let duration: number | undefined;
  const tags = new TagMap();
  for (const child of childrenOf(info)) {
    switch (child.id) {
      case ELEMENT_ID.TimestampScale: {
        const scale = uintOf(child);
        if (scale > 0 && scale <= MAX_TIMESTAMP_SCALE) timestampScale = scale;
        break;
      }
      case ELEMENT_ID.Duration: {
        const value = floatOf(child);
        if (value > 0 && value < Infinity) duration = value;
        break;
      }
      case ELEMENT_ID.Title:
        tags.set("title", textOf(child));
        break;
      case ELEMENT_ID.MuxingApp:
        tags.set("encoder", textOf(child));
        break;
      case ELEMENT_ID.DateUtc: {
        const date = dateText(bigIntOf(child));
        if (date !== undefined) tags.set("creation_time", date);
      }
    }
  }
  return { timestampScale, duration, tags };
}

/** Nanoseconds since 2001 as ffprobe shows a date: `2026-05-01T10:00:00.000000Z`. */
function dateText(date: bigint): string | undefined {
  const micros = date / 1000n + EPOCH_2001_US;
  const millis = Number(micros / 1000n);
  const time = new Date(millis);
  if (Number.isNaN(time.getTime()) || millis < 0) return undefined;
  return time.toISOString().replace("Z", `${String(micros % 1000n).padStart(3, "0")}Z`);
}
