import type { Packet } from "#media";
import {
  AAC_PACKET_TYPE,
  AUDIO_PACKET_TYPE,
  AVC_PACKET_TYPE,
  fourCcOf,
  hasCompositionTime,
  MULTITRACK_TYPE,
  SOUND_FORMAT,
  VIDEO_CODEC_ID,
  VIDEO_FRAME_TYPE,
  VIDEO_PACKET_TYPE,
} from "./codes.ts";
import { legacySoundByte } from "./sound_byte.ts";

const MIN_OFFSET_MS = -0x80_0000;
const MAX_OFFSET_MS = 0x7f_ffff;

/** Whether a tag body can carry the codec of a packet that did not come in one. */
export function canWriteTagBody(packet: Packet): boolean {
  return fourCcOf(packet.codec) !== undefined || legacySoundByte(packet) !== undefined;
}

/**
 * Returns the FLV tag body of a packet, which is also the payload of its RTMP message.
 *
 * A packet that came in a tag body keeps it. Otherwise AVC, AAC, MP3, G.711 and Speex on track 0 take the
 * legacy header, and all that has a FourCC the enhanced one; another track makes a one-track multitrack body.
 * Role `control` becomes an end of sequence. The composition time offset is rounded to ms and held within 24
 * bits.
 *
 * @returns Owned by the packet if it has a tag body, or is script data; otherwise by the caller.
 * @throws {TypeError} If no tag body can carry the codec, as PCM without the tag body it came in.
 */
export function tagBodyOf(packet: Packet): Uint8Array {
  if (packet.flvTagBody !== undefined) return packet.flvTagBody;
  if (packet.kind === "data") return packet.payload;
  const header = headerOf(packet);
  return joined(header, { packet, into: new Uint8Array(header.length + packet.payload.length) });
}

/**
 * As `tagBodyOf`, in memory that is used again for the next packet: an array a packet is work for the collector.
 *
 * @param scratch Written over; where it is too small a new array is made.
 * @returns The packet's own array, or a view of `scratch`, valid until that is written again.
 * @throws {TypeError} As `tagBodyOf`.
 */
export function tagBodyIn(scratch: Uint8Array, packet: Packet): Uint8Array {
  if (packet.flvTagBody !== undefined) return packet.flvTagBody;
  if (packet.kind === "data") return packet.payload;
  const header = headerOf(packet);
  const length = header.length + packet.payload.length;
  const into = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
  return joined(header, { packet, into });
}

function headerOf(packet: Packet): readonly number[] {
  return packet.kind === "video" ? videoHeader(packet) : audioHeader(packet);
}

function joined(
  header: readonly number[],
  { packet, into }: { readonly packet: Packet; readonly into: Uint8Array },
): Uint8Array {
  into.set(header);
  into.set(packet.payload, header.length);
  return into;
}

function videoHeader(packet: Packet): readonly number[] {
  const frameType = packet.isKeyFrame || packet.role !== "media"
    ? VIDEO_FRAME_TYPE.Key
    : VIDEO_FRAME_TYPE.Inter;
  const offsetMs = compositionTimeOffsetMs(packet);
  if (packet.codec === "avc1" && packet.trackId === 0) {
    return [frameType << 4 | VIDEO_CODEC_ID.Avc, avcPacketType(packet), ...i24(offsetMs)];
  }
  const packetType = videoPacketType(packet, offsetMs);
  const hasOffset = packetType === VIDEO_PACKET_TYPE.CodedFrames && hasCompositionTime(packet.codec);
  return [
    ...exHeader(packet, {
      flags: 0x80 | frameType << 4,
      packetType,
      multitrack: VIDEO_PACKET_TYPE.Multitrack,
    }),
    ...(hasOffset ? i24(offsetMs) : []),
  ];
}

function avcPacketType(packet: Packet): number {
  if (packet.role === "config") return AVC_PACKET_TYPE.SequenceHeader;
  return packet.role === "media" ? AVC_PACKET_TYPE.NalUnits : AVC_PACKET_TYPE.EndOfSequence;
}

function videoPacketType(packet: Packet, offsetMs: number): number {
  if (packet.role === "config") return VIDEO_PACKET_TYPE.SequenceStart;
  if (packet.role !== "media") return VIDEO_PACKET_TYPE.SequenceEnd;
  const isBare = offsetMs === 0 && hasCompositionTime(packet.codec);
  return isBare ? VIDEO_PACKET_TYPE.CodedFramesX : VIDEO_PACKET_TYPE.CodedFrames;
}

function audioHeader(packet: Packet): readonly number[] {
  const soundByte = packet.trackId === 0 ? legacySoundByte(packet) : undefined;
  if (soundByte === undefined) {
    return exHeader(packet, {
      flags: SOUND_FORMAT.ExHeader << 4,
      packetType: audioPacketType(packet),
      multitrack: AUDIO_PACKET_TYPE.Multitrack,
    });
  }
  if (packet.codec !== "mp4a") return [soundByte];
  return [soundByte, packet.role === "config" ? AAC_PACKET_TYPE.SequenceHeader : AAC_PACKET_TYPE.Raw];
}

function audioPacketType(packet: Packet): number {
  if (packet.role === "config") return AUDIO_PACKET_TYPE.SequenceStart;
  return packet.role === "media" ? AUDIO_PACKET_TYPE.CodedFrames : AUDIO_PACKET_TYPE.SequenceEnd;
}

/** First byte, multitrack header for a track other than 0, FourCC, track id. */
function exHeader(
  packet: Packet,
  types: { flags: number; packetType: number; multitrack: number },
): readonly number[] {
  const fourCc = fourCcOf(packet.codec);
  if (fourCc === undefined) {
    throw new TypeError(
      `Cannot write tag body: codec ${packet.codec} has neither a legacy form nor a FourCC`,
    );
  }
  const code = [fourCc >>> 24, fourCc >> 16 & 0xff, fourCc >> 8 & 0xff, fourCc & 0xff];
  if (packet.trackId === 0) return [types.flags | types.packetType, ...code];
  const track = MULTITRACK_TYPE.OneTrack << 4 | types.packetType;
  return [types.flags | types.multitrack, track, ...code, packet.trackId];
}

function compositionTimeOffsetMs(packet: Packet): number {
  const offsetMs = Math.round((packet.ptsUs - packet.dtsUs) / 1000);
  return Math.min(Math.max(offsetMs, MIN_OFFSET_MS), MAX_OFFSET_MS);
}

function i24(value: number): readonly number[] {
  return [value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff];
}
