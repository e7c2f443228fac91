import type { MediaPacket, Packet } from "#media";
import { isEnhancedTagBody, tagBodyIn } from "#mediaformats/flv";

/** Second byte of a legacy AVC body with NAL units: FLV 10.1, section E.4.3.2. */
const NAL_UNITS = 1;

/**
 * The tag body of a packet that is sent as the default track of its kind, with its decoding time moved; its
 * presentation time stays, but for what would be presented before it is decoded.
 *
 * @param options `dtsUs`: the new decoding time, on the packet's time line; `scratch` as `tagBodyIn` has it.
 * @returns The packet's own array, or one that is valid until `scratch` is written again.
 */
export function restampedBody(
  packet: MediaPacket,
  { dtsUs, scratch }: { readonly dtsUs: number; readonly scratch: Uint8Array },
): Uint8Array {
  const { flvTagBody, ...rest } = packet;
  const moved: Packet = { ...rest, trackId: 0, dtsUs, ptsUs: Math.max(packet.ptsUs, dtsUs) };
  if (flvTagBody === undefined || packet.trackId !== 0) return tagBodyIn(scratch, moved);
  if (packet.role !== "media" && packet.role !== "config") return flvTagBody;
  // without ModEx and multitrack, and legacy where that can be
  if (isEnhancedTagBody(packet.kind, flvTagBody)) return tagBodyIn(scratch, moved);
  if (packet.kind !== "video") return flvTagBody;
  // only AVC, and HEVC in its place, have a composition time offset
  const hasOffset = packet.codec === "avc1" || packet.codec === "hvc1";
  if (!hasOffset || flvTagBody[1] !== NAL_UNITS) return flvTagBody;
  const body = flvTagBody.slice();
  const offsetMs = Math.round((moved.ptsUs - dtsUs) / 1000);
  body[2] = offsetMs >> 16;
  body[3] = offsetMs >> 8;
  body[4] = offsetMs;
  return body;
}
