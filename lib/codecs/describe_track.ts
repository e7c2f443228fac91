import { describeAac } from "#codecs/aac";
import { describeAc3, describeDac3, describeDec3 } from "#codecs/ac3";
import { describeAv1 } from "#codecs/av1";
import { describeAvc } from "#codecs/avc";
import { describeFlac } from "#codecs/flac";
import { describeHevc } from "#codecs/hevc";
import { describeMp3 } from "#codecs/mp3";
import { describeOpus } from "#codecs/opus";
import { describeLpcm } from "#codecs/pcm";
import { describeVp8Frame } from "#codecs/vp8";
import { describeVp8, describeVp9, describeVp9Frame } from "#codecs/vp9";
import { FormatError, LimitError } from "#errors";
import type { CodecId, Packet, TrackDescription } from "#media";

type Describe = (bytes: Uint8Array) => TrackDescription;

/** Codecs whose configuration describes the track. */
const BY_CONFIGURATION: Partial<Record<CodecId, Describe>> = {
  avc1: describeAvc,
  hvc1: describeHevc,
  av01: describeAv1,
  vp08: describeVp8,
  vp09: describeVp9,
  mp4a: describeAac,
  Opus: describeOpus,
  fLaC: describeFlac,
  lpcm: describeLpcm,
  "ac-3": describeDac3,
  "ec-3": describeDec3,
};

/** Codecs that may come without a configuration, whose frames describe themselves: VP8 and VP9 key frames do. */
const BY_FRAME: Partial<Record<CodecId, Describe>> = {
  ".mp3": describeMp3,
  mp3_8k: describeMp3,
  "ac-3": describeAc3,
  "ec-3": describeAc3,
  vp08: describeVp8Frame,
  vp09: describeVp9Frame,
};

/**
 * Describes the track of a packet as well as the packet allows: from a configuration, or from any frame where
 * the codec has none. What cannot be read gives kind and codec alone; so this is safe on whatever a
 * publisher sends.
 *
 * @param packet Borrowed.
 */
export function describeTrack(packet: Packet): TrackDescription {
  const { kind, codec, role, payload } = packet;
  const describe = role === "config"
    ? BY_CONFIGURATION[codec]
    : role === "media"
    ? BY_FRAME[codec]
    : undefined;
  const plain: TrackDescription = { kind, codec, codecString: codec };
  if (describe === undefined) return plain;
  try {
    return { ...describe(payload), codec };
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return plain;
    throw error;
  }
}
