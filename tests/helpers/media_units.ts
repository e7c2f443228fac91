/**
 * Lists what a file or a run of packets holds whatever its container: access units without what a container may
 * hold apart, so that any input of the server compares with any output.
 *
 * @module
 */

import { findLengthPrefixed, type Packet } from "#media";
import { openMedia } from "#mediaformats";
import { FileSource } from "#storage";
import type { ListedPacket } from "./packets.ts";

/** Parameter sets, delimiters, ends, filler, in HEVC messages too: what containers add, leave out, or hold apart. */
const APART: Readonly<
  Record<string, { readonly typeOf: (first: number) => number; readonly types: number[] }>
> = {
  avc1: { typeOf: (first) => first & 0x1f, types: [7, 8, 9, 10, 11, 12] },
  hvc1: { typeOf: (first) => first >> 1 & 0x3f, types: [32, 33, 34, 35, 36, 37, 38, 39] },
};
/** Temporal delimiter: AV1 section 5.3.1. */
const AV1_DELIMITER = 2;

/** Packets as access units; configurations and script data are left out. */
export async function unitsOf(packets: readonly Packet[]): Promise<ListedPacket[]> {
  const units: ListedPacket[] = [];
  for (const packet of packets) {
    if (packet.role !== "media" || packet.kind === "data") continue;
    const bytes = essence(packet);
    if (bytes.length === 0) continue;
    units.push({
      kind: packet.kind,
      dtsMs: packet.dtsUs / 1000,
      ptsMs: packet.ptsUs / 1000,
      sizeBytes: bytes.length,
      isKeyFrame: packet.isKeyFrame,
      hash: new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)).toHex(),
    });
  }
  return units;
}

/** All packets of a file. */
export async function readPackets(path: string): Promise<Packet[]> {
  const demuxer = await openMedia(await FileSource.open(path), { name: path });
  const packets: Packet[] = [];
  try {
    for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
      packets.push(...batch.map((packet) => ({ ...packet, payload: packet.payload.slice() })));
    }
  } finally {
    demuxer.close();
  }
  return packets;
}

function essence({ codec, payload }: Packet): Uint8Array<ArrayBuffer> {
  const apart = APART[codec];
  if (codec === "av01") return withoutDelimiters(payload);
  if (apart === undefined) return payload.slice();
  const ranges = findLengthPrefixed(payload);
  const kept: number[] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    const unit = payload.subarray(ranges[at], ranges[at + 1]);
    if (!apart.types.includes(apart.typeOf(unit[0]!))) kept.push(...unit);
  }
  return Uint8Array.from(kept);
}

/** Units of AV1 with sizes, in a file as on the wire. */
function withoutDelimiters(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const isDelimiter = payload[0]! >> 3 === AV1_DELIMITER && payload[1] === 0;
  return payload.slice(isDelimiter ? 2 : 0);
}
