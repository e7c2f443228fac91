import type { CodecId, Packet } from "#media";
import type { Stream, WireFormat } from "#streaming";

/** How long a stream must be live before it is said to have no other tracks, in ms. */
export const TRACKS_SETTLE_MS = 1_000;

/**
 * The codecs of a live stream of which a wire carries none.
 *
 * @param nowMs Time by the clock of the stream.
 * @returns Empty where the wire carries something, or other tracks may yet come.
 */
export function uncarriedCodecs(
  stream: Stream,
  { wire, nowMs }: { readonly wire: WireFormat; readonly nowMs: number },
): readonly CodecId[] {
  const startedMs = stream.publisher?.startedMs;
  if (startedMs === undefined || nowMs - startedMs < TRACKS_SETTLE_MS) return [];
  const codecs = new Set<CodecId>();
  for (const packet of knownPackets(stream)) {
    if (packet.kind === "data" || packet.role !== "config" && packet.role !== "media") continue;
    if (wire.carries(packet)) return [];
    codecs.add(packet.codec);
  }
  return [...codecs];
}

/** Configurations first, then what the stream keeps of its newest packets. */
function* knownPackets({ header, packets }: Stream): Generator<Packet> {
  yield* header.configs;
  for (let at = packets.start ?? packets.end; at < packets.end; at++) {
    const packet = packets.at(at);
    if (packet !== undefined) yield packet;
  }
}
