import { FormatError, LimitError } from "#errors";
import { AttributeList } from "./attributes.ts";
import { MAX_PLAYLIST_SEGMENTS, MAX_SEGMENT_S } from "./limits.ts";
import type { ByteRange, MediaPlaylist, Segment, SegmentKey, SegmentMap } from "./playlist.ts";
import { resolveUrl } from "./resolve_url.ts";

/** Bytes of an initialization vector. */
const IV_BYTES = 16;

/** Reads the lines of one media playlist: RFC 8216 sections 4.3.2 and 4.3.3. */
export class MediaPlaylistReader {
  readonly #baseUrl: string;
  readonly #segments: Segment[] = [];
  #targetDurationS: number | undefined;
  #mediaSequence = 0;
  #isEnded = false;
  #durationS: number | undefined;
  #range: string | undefined;
  #key: SegmentKey | undefined;
  #map: SegmentMap | undefined;
  #isDiscontinuous = false;
  #isGap = false;

  /** @param baseUrl What its addresses are relative to. */
  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  /** Takes the next line, without white space around it. */
  take(line: string): void {
    if (line === "") return;
    if (!line.startsWith("#")) return this.#segment(resolveUrl(line, this.#baseUrl));
    const colon = line.indexOf(":");
    const [tag, value] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1)];
    TAGS[tag]?.call(this, value);
  }

  /**
   * What was read.
   *
   * @throws {FormatError} If the target duration is missing.
   */
  finish(): MediaPlaylist {
    if (this.#targetDurationS === undefined) {
      throw new FormatError("Cannot read playlist: it has no EXT-X-TARGETDURATION");
    }
    const isEnded = this.#isEnded;
    const targetDurationS = this.#targetDurationS;
    return {
      kind: "media",
      targetDurationS,
      mediaSequence: this.#mediaSequence,
      isEnded,
      segments: this.#segments,
    };
  }

  static readonly tags: Readonly<Record<string, (this: MediaPlaylistReader, value: string) => void>> = {
    "#EXT-X-TARGETDURATION"(value) {
      this.#targetDurationS = Math.max(0.1, secondsOf(value, "EXT-X-TARGETDURATION"));
    },
    "#EXT-X-MEDIA-SEQUENCE"(value) {
      if (!/^\d{1,15}$/.test(value)) {
        throw new FormatError("Cannot read EXT-X-MEDIA-SEQUENCE: it is no number");
      }
      this.#mediaSequence = Number(value);
    },
    "#EXTINF"(value) {
      this.#durationS = secondsOf(value.split(",")[0] ?? "", "EXTINF");
    },
    "#EXT-X-BYTERANGE"(value) {
      this.#range = value;
    },
    "#EXT-X-KEY"(value) {
      this.#key = this.#keyOf(new AttributeList("EXT-X-KEY", value));
    },
    "#EXT-X-MAP"(value) {
      this.#map = this.#mapOf(new AttributeList("EXT-X-MAP", value));
    },
    "#EXT-X-DISCONTINUITY"() {
      this.#isDiscontinuous = true;
    },
    "#EXT-X-GAP"() {
      this.#isGap = true;
    },
    "#EXT-X-ENDLIST"() {
      this.#isEnded = true;
    },
  };

  #segment(uri: string): void {
    if (this.#durationS === undefined) {
      throw new FormatError("Cannot read playlist: an address comes without EXTINF");
    }
    const before = this.#segments.at(-1);
    const range = this.#range === undefined
      ? undefined
      : rangeOf(this.#range, before?.uri === uri ? before : undefined);
    if (this.#segments.length === MAX_PLAYLIST_SEGMENTS) {
      throw new LimitError("MAX_PLAYLIST_SEGMENTS", {
        value: MAX_PLAYLIST_SEGMENTS + 1,
        limit: MAX_PLAYLIST_SEGMENTS,
      });
    }
    this.#segments.push({
      uri,
      durationS: this.#durationS,
      sequence: this.#mediaSequence + this.#segments.length,
      ...range === undefined ? {} : { range },
      ...this.#key === undefined ? {} : { key: this.#key },
      ...this.#map === undefined ? {} : { map: this.#map },
      isDiscontinuous: this.#isDiscontinuous,
      isGap: this.#isGap,
    });
    this.#durationS = this.#range = undefined;
    this.#isDiscontinuous = this.#isGap = false;
  }

  #keyOf(attributes: AttributeList): SegmentKey | undefined {
    const method = attributes.required("METHOD");
    if (method === "NONE") return undefined;
    const iv = attributes.text("IV");
    const uri = resolveUrl(attributes.required("URI"), this.#baseUrl);
    return { method, uri, ...iv === undefined ? {} : { iv: ivOf(iv) } };
  }

  #mapOf(attributes: AttributeList): SegmentMap {
    const range = attributes.text("BYTERANGE");
    return {
      uri: resolveUrl(attributes.required("URI"), this.#baseUrl),
      ...range === undefined ? {} : { range: rangeOf(range, undefined) },
      ...this.#key === undefined ? {} : { key: this.#key },
    };
  }
}

const TAGS = MediaPlaylistReader.tags;

function secondsOf(text: string, tag: string): number {
  const seconds = /^\s*\d+(?:\.\d*)?\s*$/.test(text) ? Number(text) : NaN;
  if (!(seconds >= 0)) throw new FormatError(`Cannot read ${tag}: it is no duration`);
  if (seconds > MAX_SEGMENT_S) {
    throw new LimitError("MAX_SEGMENT_S", { value: seconds, limit: MAX_SEGMENT_S });
  }
  return seconds;
}

/** `LENGTH[@OFFSET]`; without an offset it begins where the segment before ends. */
function rangeOf(text: string, before: Segment | undefined): ByteRange {
  const [, length, offset] = /^(\d{1,15})(?:@(\d{1,15}))?$/.exec(text) ?? [];
  if (length === undefined) {
    throw new FormatError("Cannot read byte range: it must be LENGTH or LENGTH@OFFSET");
  }
  if (offset !== undefined) return { offset: Number(offset), length: Number(length) };
  const end = before?.range === undefined ? 0 : before.range.offset + before.range.length;
  return { offset: end, length: Number(length) };
}

function ivOf(text: string): Uint8Array<ArrayBuffer> {
  const digits = /^0x([0-9a-f]{1,32})$/i.exec(text)?.[1]?.padStart(IV_BYTES * 2, "0");
  if (digits === undefined) {
    throw new FormatError("Cannot read EXT-X-KEY: its IV must be 0x and up to 32 digits");
  }
  return Uint8Array.from({ length: IV_BYTES }, (_, at) => parseInt(digits.slice(at * 2, at * 2 + 2), 16));
}
