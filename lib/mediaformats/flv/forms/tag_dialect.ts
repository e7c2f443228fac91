import type { CodecId } from "#media";
import { FOUR_CC_CODECS } from "../codes.ts";

/** What a group of players reads of tag bodies; all of them read the legacy ones. */
export interface TagDialect {
  /** Names the dialect: equal for equal ones. */
  readonly key: string;
  /** Codecs of video read by FourCC; with `unknown`, those this server does not know too. */
  readonly videoFourCcs: ReadonlySet<CodecId>;
  /** The same of audio. */
  readonly audioFourCcs: ReadonlySet<CodecId>;
  /** Whether bodies with a track id, or with several tracks, are read. */
  readonly hasMultitrack: boolean;
  /** Whether ModEx prefixes are read. */
  readonly hasModEx: boolean;
  /** Whether HEVC that came with codec ID 12 stays so, rather than becoming `hvc1`. */
  readonly keepsCodecId12: boolean;
}

/** What a dialect is made of. */
export interface TagDialectOptions {
  /** Codecs of video by FourCC, `unknown` for those not known here; `"*"` for all. @default {[]} */
  readonly video?: "*" | Iterable<CodecId>;
  /** Codecs of audio by FourCC; `"*"` for all. @default {[]} */
  readonly audio?: "*" | Iterable<CodecId>;
  /** Whether multitrack tags may be written. @default {false} */
  readonly hasMultitrack?: boolean;
  /** Whether ModEx prefixes may stay. @default {false} */
  readonly hasModEx?: boolean;
  /** Whether HEVC under the codec ID 12 stays as it came. @default {false} */
  readonly keepsCodecId12?: boolean;
}

/** Codecs that every player reads by their legacy headers. */
export const LEGACY_FORM_CODECS: readonly CodecId[] = ["avc1", "mp4a", ".mp3"];

/**
 * Makes a dialect. Codecs of another kind, and those without a FourCC, are left out.
 *
 * A track has no legacy form in a multitrack body: who reads those reads `avc1`, `mp4a` and `.mp3` by FourCC as well.
 *
 * ```ts
 * import { tagDialect } from "#mediaformats/flv";
 *
 * console.log(tagDialect({ video: ["hvc1", "av01"], audio: "*" }).key); // hvc1+av01,*
 * console.log(tagDialect({}).key); // legacy
 * ```
 */
export function tagDialect(options: TagDialectOptions): TagDialect {
  const { hasMultitrack = false, hasModEx = false, keepsCodecId12 = false } = options;
  const videoFourCcs = codecsOf("video", options);
  const audioFourCcs = codecsOf("audio", options);
  const isLegacy = videoFourCcs.size + audioFourCcs.size === 0;
  const flags = `${hasMultitrack ? ",multitrack" : ""}${hasModEx ? ",modex" : ""}${
    keepsCodecId12 ? ",12" : ""
  }`;
  return {
    key: isLegacy ? "legacy" : `${keyOf("video", videoFourCcs)},${keyOf("audio", audioFourCcs)}${flags}`,
    videoFourCcs,
    audioFourCcs,
    hasMultitrack: hasMultitrack && !isLegacy,
    hasModEx: hasModEx && !isLegacy,
    keepsCodecId12: keepsCodecId12 || isLegacy,
  };
}

/** Nothing by FourCC. */
export const LEGACY_DIALECT: TagDialect = tagDialect({});

/** Everything there is. */
export const FULL_DIALECT: TagDialect = tagDialect({
  video: "*",
  audio: "*",
  hasMultitrack: true,
  hasModEx: true,
});

/** One track of a kind, legacy where there is a legacy form and where it came so: what readers of FLV share. */
export const SINGLE_TRACK_DIALECT: TagDialect = tagDialect({
  video: withoutLegacyForms("video"),
  audio: withoutLegacyForms("audio"),
  keepsCodecId12: true,
});

/** The codecs of a kind that have no legacy form, and those not known. */
export function withoutLegacyForms(kind: "audio" | "video"): readonly CodecId[] {
  return [...FOUR_CC_CODECS[kind].filter((codec) => !LEGACY_FORM_CODECS.includes(codec)), "unknown"];
}

function codecsOf(kind: "audio" | "video", options: TagDialectOptions): ReadonlySet<CodecId> {
  const listed = options[kind] ?? [];
  if (listed === "*") return new Set([...FOUR_CC_CODECS[kind], "unknown"]);
  const named = new Set(listed);
  const isAdded = (codec: CodecId) =>
    options.hasMultitrack === true && named.size > 0 && LEGACY_FORM_CODECS.includes(codec);
  const codecs = FOUR_CC_CODECS[kind].filter((codec) => named.has(codec) || isAdded(codec));
  return new Set(named.has("unknown") ? [...codecs, "unknown"] : codecs);
}

function keyOf(kind: "audio" | "video", codecs: ReadonlySet<CodecId>): string {
  return codecs.size > FOUR_CC_CODECS[kind].length ? "*" : [...codecs].join("+");
}
