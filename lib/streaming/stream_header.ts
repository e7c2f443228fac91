import { LimitError } from "#errors";
import type { Packet } from "#media";
import { packetBytes } from "./packet_log.ts";
import type { StreamHeader } from "./wire_format.ts";

/**
 * Most bytes of metadata and codec configurations of one stream together: each subscriber that does not read
 * holds a copy of its own. Real ones have 1 KB.
 */
export const MAX_HEADER_BYTES = 262_144;

/** Most configurations and descriptions of the tracks of one stream: each one that changes is put among all others. */
export const MAX_KEPT_CONFIGS = 128;

/**
 * The header after `packet`: the same one where the packet is nothing that late joiners must know.
 *
 * @throws {LimitError} If late joiners would have to be told more than MAX_HEADER_BYTES, or MAX_KEPT_CONFIGS.
 */
export function headerWith(header: StreamHeader, packet: Packet): StreamHeader {
  const { kind, role, trackId } = packet;
  if (kind === "data") {
    if (role === "metadata") return checkedHeader({ ...header, metadata: packet });
    return role === "clear" ? { ...header, metadata: undefined } : header;
  }
  const isKept = role === "config" || role === "description";
  return checkedHeader({
    ...header,
    configs: isKept ? withConfig(header.configs, packet) : header.configs,
    hasVideo: header.hasVideo || kind === "video",
    hasAudio: header.hasAudio || kind === "audio",
    videoTrackId: kind === "video" ? Math.min(header.videoTrackId, trackId) : header.videoTrackId,
    audioTrackId: kind === "audio" ? Math.min(header.audioTrackId, trackId) : header.audioTrackId,
  });
}

/** Configurations and descriptions with `packet` in its place: a description stands behind its track's configuration. */
function withConfig(configs: readonly Packet[], packet: Packet): readonly Packet[] {
  const isOfTrack = (one: Packet) => one.kind === packet.kind && one.trackId === packet.trackId;
  const others = configs.filter((one) => !isOfTrack(one));
  const track = configs.filter((one) => isOfTrack(one) && one.role !== packet.role);
  // what described another codec holds no more
  const rest = track.filter(({ codec }) => packet.role !== "config" || codec === packet.codec);
  return packet.role === "config" ? [...others, packet, ...rest] : [...others, ...rest, packet];
}

/** The header as it is, if it is not too large to be kept. */
function checkedHeader(header: StreamHeader): StreamHeader {
  if (header.configs.length > MAX_KEPT_CONFIGS) {
    throw new LimitError("MAX_KEPT_CONFIGS", { value: header.configs.length, limit: MAX_KEPT_CONFIGS });
  }
  let bytes = header.metadata === undefined ? 0 : packetBytes(header.metadata);
  for (const config of header.configs) bytes += packetBytes(config);
  if (bytes > MAX_HEADER_BYTES) {
    throw new LimitError("MAX_HEADER_BYTES", {
      value: bytes,
      limit: MAX_HEADER_BYTES,
      message:
        `Cannot keep metadata and configurations: ${bytes} bytes exceed MAX_HEADER_BYTES (${MAX_HEADER_BYTES})`,
    });
  }
  return header;
}
