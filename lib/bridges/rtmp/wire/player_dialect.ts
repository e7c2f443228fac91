import {
  FOUR_CC_CODECS,
  LEGACY_DIALECT,
  type TagDialect,
  tagDialect,
  withoutLegacyForms,
} from "#mediaformats/flv";
import type { CodecId } from "#media";
import { CAPS_EX_FLAG, type EnhancedCapabilities, FOUR_CC_FLAG } from "#protocols/rtmp";

const { CanDecode, CanForward } = FOUR_CC_FLAG;

/**
 * What a player reads, by what it announced in `connect`: Enhanced RTMP v2, "Enhancing NetConnection connect".
 *
 * The list and the maps count together. A kind of media about which they say nothing is sent as it comes, with legacy
 * headers where there are some: the list of version 1 has video only, and players with it read sound all the same.
 */
export function dialectOf(capabilities: EnhancedCapabilities): TagDialect {
  const { isEnhanced, capsEx } = capabilities;
  if (!isEnhanced) return LEGACY_DIALECT;
  return tagDialect({
    video: readable("video", capabilities),
    audio: readable("audio", capabilities),
    hasMultitrack: (capsEx & CAPS_EX_FLAG.Multitrack) !== 0,
    hasModEx: (capsEx & CAPS_EX_FLAG.ModEx) !== 0,
  });
}

function readable(kind: "audio" | "video", capabilities: EnhancedCapabilities): "*" | readonly CodecId[] {
  const { fourCcList, videoFourCcInfoMap, audioFourCcInfoMap } = capabilities;
  const flagsByFourCc = kind === "video" ? videoFourCcInfoMap : audioFourCcInfoMap;
  const named = new Set(fourCcList);
  for (const [fourCc, flags] of flagsByFourCc) {
    if ((flags & (CanDecode | CanForward)) !== 0) named.add(fourCc);
  }
  if (named.has("*")) return "*";
  const codecs = FOUR_CC_CODECS[kind].filter((codec) => named.has(codec));
  return codecs.length === 0 && flagsByFourCc.size === 0 ? withoutLegacyForms(kind) : codecs;
}
