import { FormatError } from "#errors";
import type { CodecId, Packet, PacketRole, TrackKind } from "#media";
import {
  codecOf,
  EX_HEADER,
  type ExHeader,
  type ExHeaderOptions,
  isSeekCommand,
  type ModEx,
  readModEx,
  readSingleTrack,
  readTrackHeaders,
} from "./ex_header.ts";
import {
  AAC_PACKET_TYPE,
  AUDIO_CODEC,
  AUDIO_PACKET_TYPE,
  AVC_PACKET_TYPE,
  FLV_TAG_TYPE,
  hasCompositionTime,
  SOUND_FORMAT,
  VIDEO_CODEC,
  VIDEO_CODEC_ID,
  VIDEO_FRAME_TYPE,
  VIDEO_PACKET_TYPE,
} from "./codes.ts";
import { scriptTagToPacket } from "./script.ts";
import type { FlvTag } from "./tag_writer.ts";

const { audio: EX_AUDIO, video: EX_VIDEO } = EX_HEADER;

/**
 * Makes a packet of a video tag body, which is also the payload of an RTMP video message. FLV 10.1 section
 * E.4.3, Enhanced RTMP v2 "ExVideoTagHeader".
 *
 * A codec or packet type that is not known gives a packet to relay: codec `unknown`, or role `control`. A
 * multitrack body stays whole in `flvTagBody`; the packet shows its track of the lowest id.
 *
 * @param body Kept, not copied: `payload` and `flvTagBody` are views of it.
 * @param dtsUs Decoding time, an integer.
 * @returns `undefined` if the body says nothing: no bytes, or a codec configuration without bytes.
 * @throws {FormatError} If the body ends inside its header, or its layout is reserved.
 * @throws {LimitError} If it has more than MAX_TRACKS_IN_BODY tracks, or MAX_MOD_EX_PREFIXES prefixes.
 */
export function videoTagToPacket(body: Uint8Array, dtsUs: number): Packet | undefined {
  if (body.length === 0) return undefined;
  const first = body[0]!;
  if (first >= 0x80) return exVideoToPacket(body, dtsUs);
  const codecId = first & 0x0f;
  const frameType = first >> 4;
  if (frameType !== VIDEO_FRAME_TYPE.Command) {
    if (codecId === VIDEO_CODEC_ID.Avc) return avcToPacket(body, dtsUs, "avc1");
    if (codecId === VIDEO_CODEC_ID.Hevc) return avcToPacket(body, dtsUs, "hvc1");
  }
  const isMedia = frameType !== VIDEO_FRAME_TYPE.Command;
  return {
    kind: "video",
    trackId: 0,
    codec: VIDEO_CODEC[codecId] ?? "unknown",
    role: isMedia ? "media" : "control",
    dtsUs,
    ptsUs: dtsUs,
    isKeyFrame: frameType === VIDEO_FRAME_TYPE.Key,
    payload: body.subarray(1),
    flvTagBody: body,
  };
}

/** FLV 10.1 section E.4.3.2: packet type, composition time offset, configuration or NAL units. */
// params: hot path
function avcToPacket(body: Uint8Array, dtsUs: number, codec: CodecId): Packet | undefined {
  const packetType = body[1];
  const isEnd = packetType === AVC_PACKET_TYPE.EndOfSequence;
  if (body.length < 5 && !isEnd) {
    throw new FormatError(`Cannot read video tag body: need 5 bytes at offset 0, have ${body.length}`, {
      offset: body.length,
    });
  }
  const isConfig = packetType === AVC_PACKET_TYPE.SequenceHeader;
  if (isConfig && body.length === 5) return undefined;
  const isMedia = packetType === AVC_PACKET_TYPE.NalUnits;
  const offsetMs = isMedia ? i24(body, 2) : 0;
  return {
    kind: "video",
    trackId: 0,
    codec,
    role: isMedia ? "media" : isConfig ? "config" : "control",
    dtsUs,
    ptsUs: dtsUs + offsetMs * 1000,
    isKeyFrame: isMedia && body[0]! >> 4 === VIDEO_FRAME_TYPE.Key,
    payload: body.subarray(5),
    flvTagBody: body,
  };
}

function exVideoToPacket(body: Uint8Array, dtsUs: number): Packet | undefined {
  const modEx = readModEx(body, EX_VIDEO);
  if (isSeekCommand(body, modEx, EX_VIDEO)) return commandPacket(body, dtsUs, modEx.start);
  return exVideoPacket(body, dtsUs, shownTrack(body, modEx, EX_VIDEO));
}

/** The only track of a body, else the one of the lowest id, once all of them were looked at. */
// params: hot path
function shownTrack(body: Uint8Array, modEx: ModEx, options: ExHeaderOptions): ExHeader {
  if (modEx.packetType !== options.multitrack) return readSingleTrack(body, modEx, options);
  let shown: ExHeader | undefined;
  for (const header of readTrackHeaders(body, modEx, options)) {
    if (options === EX_VIDEO) framesStart(header);
    if (shown === undefined || header.trackId < shown.trackId) shown = header;
  }
  return shown!;
}

/**
 * Where the frames of a track start: behind the composition time offset, if there is one.
 *
 * @throws {FormatError} If the offset is cut off.
 */
function framesStart(header: ExHeader): number {
  const { packetType, start, end } = header;
  if (packetType !== VIDEO_PACKET_TYPE.CodedFrames || !hasCompositionTime(codecOf(header, EX_VIDEO))) {
    return start;
  }
  if (start + 3 > end) {
    throw new FormatError(
      `Cannot read composition time offset: need 3 bytes at offset ${start}, have ${end - start}`,
      { offset: start },
    );
  }
  return start + 3;
}

// params: hot path
function exVideoPacket(body: Uint8Array, dtsUs: number, header: ExHeader): Packet | undefined {
  const frameType = body[0]! >> 4 & 0x07;
  const codec = codecOf(header, EX_VIDEO);
  const role = VIDEO_ROLE[header.packetType] ?? "control";
  if (isEmptyConfig(header, role)) return undefined;
  const start = framesStart(header);
  const offsetMs = start === header.start ? 0 : i24(body, header.start);
  return {
    kind: "video",
    trackId: header.trackId,
    codec,
    role,
    dtsUs,
    ptsUs: dtsUs + offsetMs * 1000 + Math.round(header.offsetNs / 1000),
    isKeyFrame: role === "media" && frameType === VIDEO_FRAME_TYPE.Key,
    payload: body.subarray(start, header.end),
    flvTagBody: body,
  };
}

/** Start or end of a client-side seek: one byte and no FourCC. */
// params: hot path
function commandPacket(body: Uint8Array, dtsUs: number, start: number): Packet {
  return {
    kind: "video",
    trackId: 0,
    codec: "unknown",
    role: "control",
    dtsUs,
    ptsUs: dtsUs,
    isKeyFrame: false,
    payload: body.subarray(start),
    flvTagBody: body,
  };
}

/**
 * Makes a packet of an audio tag body, which is also the payload of an RTMP audio message. FLV 10.1 section
 * E.4.2, Enhanced RTMP v2 "ExAudioTagHeader".
 *
 * A body without bytes marks silence: role `control`. What is not known is relayed as in `videoTagToPacket`.
 *
 * @param body Kept, not copied: `payload` and `flvTagBody` are views of it.
 * @param dtsUs Decoding time, an integer.
 * @returns `undefined` if the body is a codec configuration without bytes.
 * @throws {FormatError} If the body ends inside its header, or its layout is reserved.
 * @throws {LimitError} If it has more than MAX_TRACKS_IN_BODY tracks, or MAX_MOD_EX_PREFIXES prefixes.
 */
export function audioTagToPacket(body: Uint8Array, dtsUs: number): Packet | undefined {
  if (body.length === 0) return audioPacket(body, dtsUs, SILENCE);
  const soundFormat = body[0]! >> 4;
  if (soundFormat === SOUND_FORMAT.ExHeader) return exAudioToPacket(body, dtsUs);
  const codec = AUDIO_CODEC[soundFormat] ?? "unknown";
  if (soundFormat !== SOUND_FORMAT.Aac) {
    return audioPacket(body, dtsUs, { codec, role: "media", start: 1 });
  }
  if (body.length < 2) {
    throw new FormatError(`Cannot read audio tag body: need 2 bytes at offset 0, have 1`, { offset: 1 });
  }
  const isConfig = body[1] === AAC_PACKET_TYPE.SequenceHeader;
  if (isConfig && body.length === 2) return undefined;
  const role = isConfig ? "config" : body[1] === AAC_PACKET_TYPE.Raw ? "media" : "control";
  return audioPacket(body, dtsUs, { codec, role, start: 2 });
}

const SILENCE = { codec: "unknown", role: "control", start: 0 } as const;

// params: hot path
function audioPacket(
  body: Uint8Array,
  dtsUs: number,
  header: { codec: CodecId; role: PacketRole; start: number },
): Packet {
  return {
    kind: "audio",
    trackId: 0,
    codec: header.codec,
    role: header.role,
    dtsUs,
    ptsUs: dtsUs,
    isKeyFrame: true,
    payload: body.subarray(header.start),
    flvTagBody: body,
  };
}

function exAudioToPacket(body: Uint8Array, dtsUs: number): Packet | undefined {
  return exAudioPacket(body, dtsUs, shownTrack(body, readModEx(body, EX_AUDIO), EX_AUDIO));
}

// params: hot path
function exAudioPacket(body: Uint8Array, dtsUs: number, header: ExHeader): Packet | undefined {
  const codec = codecOf(header, EX_AUDIO);
  const role = AUDIO_ROLE[header.packetType] ?? "control";
  // an Opus configuration may be empty: Enhanced RTMP v2, "ExAudioTagBody"
  if (codec !== "Opus" && isEmptyConfig(header, role)) return undefined;
  return {
    kind: "audio",
    trackId: header.trackId,
    codec,
    role,
    dtsUs,
    ptsUs: dtsUs + Math.round(header.offsetNs / 1000),
    isKeyFrame: true,
    payload: body.subarray(header.start, header.end),
    flvTagBody: body,
  };
}

/**
 * Splits a packet whose tag body carries several tracks into one packet a track, by their ids; those have no tag
 * body. What only a tag body can carry is left out: control data and descriptions.
 *
 * @param packet Its payloads are borrowed: those of the new packets are views of the same body.
 * @returns `packet` alone where its body carries one track.
 * @throws {FormatError} If the body ends inside a track.
 * @throws {LimitError} If it has more tracks than there are track ids.
 */
export function splitTracks(packet: Packet): readonly Packet[] {
  const { kind, flvTagBody: body, dtsUs } = packet;
  if (body === undefined || kind === "data" || !isMultitrackBody(kind, body)) return [packet];
  const isVideo = kind === "video";
  const options = EX_HEADER[kind];
  const modEx = readModEx(body, options);
  if (isSeekCommand(body, modEx, options)) return [packet];
  const headers = readTrackHeaders(body, modEx, options);
  if (headers.length === 1) return [packet];
  const packets: Packet[] = [];
  for (const header of headers) {
    const whole = isVideo ? exVideoPacket(body, dtsUs, header) : exAudioPacket(body, dtsUs, header);
    if (whole?.role !== "media" && whole?.role !== "config") continue;
    const { flvTagBody: _, ...bare } = whole;
    packets.push(bare);
  }
  return packets.sort((a, b) => a.trackId - b.trackId);
}

/** Whether the tag body of a packet may carry several tracks: `splitTracks` tells. */
export function mayHaveTracks({ kind, flvTagBody: body }: Packet): boolean {
  return body !== undefined && kind !== "data" && isMultitrackBody(kind, body);
}

/** Whether a body is multitrack, or has prefixes that may hide it. */
function isMultitrackBody(kind: "audio" | "video", body: Uint8Array): boolean {
  if (!isEnhancedTagBody(kind, body)) return false;
  const { multitrack, modEx } = EX_HEADER[kind];
  const packetType = body[0]! & 0x0f;
  return packetType === multitrack || packetType === modEx;
}

/**
 * Makes a packet of any FLV tag; see `videoTagToPacket`, `audioTagToPacket` and `scriptTagToPacket`.
 *
 * @returns `undefined` if the tag says nothing.
 * @throws {FormatError} If the body ends inside its header, or its layout is reserved.
 * @throws {LimitError} If it has more than MAX_TRACKS_IN_BODY tracks, or MAX_MOD_EX_PREFIXES prefixes.
 */
export function flvTagToPacket(tag: FlvTag): Packet | undefined {
  switch (tag.tagType) {
    case FLV_TAG_TYPE.Audio:
      return audioTagToPacket(tag.body, tag.timestampMs * 1000);
    case FLV_TAG_TYPE.Video:
      return videoTagToPacket(tag.body, tag.timestampMs * 1000);
    case FLV_TAG_TYPE.ScriptAmf3:
      return scriptTagToPacket(tag.body.subarray(1), tag.timestampMs * 1000);
    case FLV_TAG_TYPE.Script:
      return scriptTagToPacket(tag.body, tag.timestampMs * 1000);
  }
}

/**
 * Returns whether a tag body uses the headers of Enhanced RTMP, which players that did not announce a
 * FourCC cannot read.
 *
 * @param kind What the body carries; script data is never enhanced.
 */
export function isEnhancedTagBody(kind: TrackKind, body: Uint8Array): boolean {
  if (body.length === 0) return false;
  return kind === "video" ? body[0]! >= 0x80 : kind === "audio" && body[0]! >> 4 === SOUND_FORMAT.ExHeader;
}

const VIDEO_ROLE: Readonly<Record<number, PacketRole>> = {
  [VIDEO_PACKET_TYPE.SequenceStart]: "config",
  [VIDEO_PACKET_TYPE.CodedFrames]: "media",
  [VIDEO_PACKET_TYPE.CodedFramesX]: "media",
  [VIDEO_PACKET_TYPE.Metadata]: "description",
  [VIDEO_PACKET_TYPE.Mpeg2TsSequenceStart]: "config",
};

const AUDIO_ROLE: Readonly<Record<number, PacketRole>> = {
  [AUDIO_PACKET_TYPE.SequenceStart]: "config",
  [AUDIO_PACKET_TYPE.CodedFrames]: "media",
  [AUDIO_PACKET_TYPE.MultichannelConfig]: "description",
};

function isEmptyConfig(header: ExHeader, role: PacketRole): boolean {
  return role === "config" && header.start === header.end && !header.isMultitrack;
}

function i24(body: Uint8Array, at: number): number {
  return (body[at]! << 24 | body[at + 1]! << 16 | body[at + 2]! << 8) >> 8;
}
