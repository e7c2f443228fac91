import { FormatError, LimitError } from "#errors";
import type { CodecId } from "#media";
import {
  AUDIO_PACKET_TYPE,
  codecOfFourCc,
  MULTITRACK_TYPE,
  VIDEO_FRAME_TYPE,
  VIDEO_PACKET_TYPE,
} from "./codes.ts";

/** Most tracks in one body: a track id has one byte. */
export const MAX_TRACKS_IN_BODY = 256;
/** Most ModEx prefixes of one body; one type is defined. */
export const MAX_MOD_EX_PREFIXES = 16;

/** What precedes the payload of one track in an enhanced audio or video tag body. */
export interface ExHeader {
  readonly packetType: number;
  /** FourCC as a big-endian number. */
  readonly fourCc: number;
  /** 0 in a body that is not multitrack. */
  readonly trackId: number;
  readonly isMultitrack: boolean;
  /** Added to the presentation time only; 0 to 999,999 ns. */
  readonly offsetNs: number;
  /** Where the payload starts in the body. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
}

/** Which packet types have a meaning to the header itself; they differ between audio and video. */
export interface ExHeaderOptions {
  readonly kind: "audio" | "video";
  readonly modEx: number;
  readonly multitrack: number;
}

/** Of audio and video tag bodies: Enhanced RTMP v2, "ExAudioTagHeader" and "ExVideoTagHeader". */
export const EX_HEADER: Readonly<Record<"audio" | "video", ExHeaderOptions>> = {
  audio: { kind: "audio", modEx: AUDIO_PACKET_TYPE.ModEx, multitrack: AUDIO_PACKET_TYPE.Multitrack },
  video: { kind: "video", modEx: VIDEO_PACKET_TYPE.ModEx, multitrack: VIDEO_PACKET_TYPE.Multitrack },
};

/** ModExType TimestampOffsetNano. */
const TIMESTAMP_OFFSET_NANO = 0;
const MAX_OFFSET_NS = 999_999;

/** ModEx prefixes of a body, read. */
export interface ModEx {
  /** What the body is, after the prefixes. */
  readonly packetType: number;
  readonly offsetNs: number;
  /** First byte after the prefixes. */
  readonly start: number;
}

/**
 * Reads the ModEx prefixes of an enhanced body: Enhanced RTMP v2, "ModEx". Unknown types are skipped.
 *
 * @throws {FormatError} If the body ends early.
 * @throws {LimitError} If there are more than MAX_MOD_EX_PREFIXES.
 */
export function readModEx(body: Uint8Array, options: ExHeaderOptions): ModEx {
  let packetType = body[0]! & 0x0f;
  let offsetNs = 0;
  let at = 1;
  for (let prefixes = 1; packetType === options.modEx; prefixes++) {
    if (prefixes > MAX_MOD_EX_PREFIXES) {
      throw new LimitError("MAX_MOD_EX_PREFIXES", { value: prefixes, limit: MAX_MOD_EX_PREFIXES });
    }
    need(body, { at, length: 1 }, options);
    let size = body[at++]! + 1;
    if (size === 256) {
      need(body, { at, length: 2 }, options);
      size = (body[at]! << 8 | body[at + 1]!) + 1;
      at += 2;
    }
    need(body, { at, length: size + 1 }, options);
    const next = body[at + size]!;
    if (next >> 4 === TIMESTAMP_OFFSET_NANO && size >= 3) {
      offsetNs = Math.min(body[at]! << 16 | body[at + 1]! << 8 | body[at + 2]!, MAX_OFFSET_NS);
    }
    packetType = next & 0x0f;
    at += size + 1;
  }
  return { packetType, offsetNs, start: at };
}

/**
 * Reads the headers of all tracks of an enhanced body, one at least: Enhanced RTMP v2, "AvMultitrackType".
 *
 * @param body No seek command.
 * @throws {FormatError} If the body ends early, or its layout is reserved.
 * @throws {LimitError} If it has more tracks than there are track ids.
 */
export function readTrackHeaders(
  body: Uint8Array,
  modEx: ModEx,
  options: ExHeaderOptions,
): readonly ExHeader[] {
  if (modEx.packetType !== options.multitrack) return [readSingleTrack(body, modEx, options)];
  const { multitrackType, packetType } = readMultitrack(body, modEx, options);
  const isSized = multitrackType !== MULTITRACK_TYPE.OneTrack;
  const hasOwnFourCc = multitrackType === MULTITRACK_TYPE.ManyTracksManyCodecs;
  let at = modEx.start + 1;
  let fourCc = 0;
  const headers: ExHeader[] = [];
  do {
    if (headers.length === MAX_TRACKS_IN_BODY) {
      throw new LimitError("MAX_TRACKS_IN_BODY", { value: headers.length + 1, limit: MAX_TRACKS_IN_BODY });
    }
    if (hasOwnFourCc || headers.length === 0) {
      need(body, { at, length: 4 }, options);
      fourCc = u32(body, at);
      at += 4;
    }
    need(body, { at, length: isSized ? 4 : 1 }, options);
    const trackId = body[at++]!;
    let end = body.length;
    if (isSized) {
      const size = body[at]! << 16 | body[at + 1]! << 8 | body[at + 2]!;
      at += 3;
      need(body, { at, length: size }, options);
      end = at + size;
    }
    headers.push({
      packetType,
      fourCc,
      trackId,
      isMultitrack: true,
      offsetNs: modEx.offsetNs,
      start: at,
      end,
    });
    at = end;
  } while (at < body.length);
  return headers;
}

/** Whether a body is a seek command of video: one byte follows the prefixes, no tracks and no FourCC. */
export function isSeekCommand(body: Uint8Array, { packetType }: ModEx, { kind }: ExHeaderOptions): boolean {
  return kind === "video" && (body[0]! >> 4 & 0x07) === VIDEO_FRAME_TYPE.Command &&
    packetType !== VIDEO_PACKET_TYPE.Metadata;
}

/** The codec of a track; `unknown` also for a FourCC of the other kind. */
export function codecOf({ fourCc }: ExHeader, { kind }: ExHeaderOptions): CodecId {
  return codecOfFourCc(fourCc, kind);
}

/**
 * Reads the FourCC after the ModEx prefixes of a body that is not multitrack.
 *
 * @throws {FormatError} If the body ends early.
 */
export function readSingleTrack(body: Uint8Array, modEx: ModEx, options: ExHeaderOptions): ExHeader {
  const { packetType, offsetNs, start } = modEx;
  need(body, { at: start, length: 4 }, options);
  const fourCc = u32(body, start);
  return {
    packetType,
    fourCc,
    trackId: 0,
    isMultitrack: false,
    offsetNs,
    start: start + 4,
    end: body.length,
  };
}

/** The byte that opens a multitrack body. */
function readMultitrack(
  body: Uint8Array,
  { start }: ModEx,
  options: ExHeaderOptions,
): { readonly multitrackType: number; readonly packetType: number } {
  need(body, { at: start, length: 1 }, options);
  const multitrackType = body[start]! >> 4;
  const packetType = body[start]! & 0x0f;
  if (multitrackType > MULTITRACK_TYPE.ManyTracksManyCodecs) {
    throw new FormatError(
      `Cannot read multitrack ${options.kind} body: layout ${multitrackType} at offset ${start} is reserved`,
      { offset: start },
    );
  }
  if (packetType === options.multitrack || packetType === options.modEx) {
    const what = packetType === options.modEx ? "ModEx" : "multitrack";
    throw new FormatError(
      `Cannot read multitrack ${options.kind} body: ${what} inside multitrack at offset ${start}`,
      { offset: start },
    );
  }
  return { multitrackType, packetType };
}

function u32(body: Uint8Array, at: number): number {
  return (body[at]! << 24 | body[at + 1]! << 16 | body[at + 2]! << 8 | body[at + 3]!) >>> 0;
}

function need(body: Uint8Array, range: { at: number; length: number }, options: ExHeaderOptions): void {
  const have = body.length - range.at;
  if (have >= range.length) return;
  throw new FormatError(
    `Cannot read enhanced ${options.kind} tag body: need ${range.length} bytes at offset ${range.at}, have ${have}`,
    { offset: range.at },
  );
}
