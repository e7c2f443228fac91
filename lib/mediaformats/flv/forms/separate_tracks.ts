import type { Packet } from "#media";
import { MULTITRACK_TYPE } from "../codes.ts";
import { EX_HEADER, isSeekCommand, readModEx, readTrackHeaders } from "../ex_header.ts";
import { audioTagToPacket, isEnhancedTagBody, videoTagToPacket } from "../tag_body.ts";

/**
 * Splits a packet into one a track, each with a tag body of its own: what is kept for late joiners, configurations and
 * descriptions, is kept by track. Configurations without bytes are left out, but for Opus.
 *
 * @param packet With a tag body; borrowed.
 * @returns Packets in new memory, the tracks in their order in the body.
 */
export function separateTracks(packet: Packet): readonly Packet[] {
  const { kind, flvTagBody: body, dtsUs } = packet;
  if (body === undefined || kind === "data") return [packet];
  const packets: Packet[] = [];
  for (const separate of separateBodies(kind, body)) {
    const one = kind === "video" ? videoTagToPacket(separate, dtsUs) : audioTagToPacket(separate, dtsUs);
    if (one !== undefined && !isEmptyConfig(one)) packets.push(one);
  }
  return packets;
}

function separateBodies(kind: "audio" | "video", body: Uint8Array): readonly Uint8Array[] {
  if (!isEnhancedTagBody(kind, body)) return [body.slice()];
  const options = EX_HEADER[kind];
  const prefixes = readModEx(body, options);
  const hasTracks = prefixes.packetType === options.multitrack && !isSeekCommand(body, prefixes, options);
  if (!hasTracks) return [body.slice()];
  const headers = readTrackHeaders(body, prefixes, options);
  if (headers.length === 1 && body[prefixes.start]! >> 4 === MULTITRACK_TYPE.OneTrack) return [body.slice()];
  const first = body[0]! & 0xf0 | options.multitrack;
  return headers.map(({ packetType, fourCc, trackId, start, end }) => {
    const separate = new Uint8Array(7 + end - start);
    separate.set([first, MULTITRACK_TYPE.OneTrack << 4 | packetType]);
    separate.set([fourCc >>> 24, fourCc >> 16 & 0xff, fourCc >> 8 & 0xff, fourCc & 0xff, trackId], 2);
    separate.set(body.subarray(start, end), 7);
    return separate;
  });
}

function isEmptyConfig({ role, payload, codec }: Packet): boolean {
  return role === "config" && payload.length === 0 && codec !== "Opus";
}
