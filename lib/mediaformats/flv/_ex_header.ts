import { FormatError, LimitError } from "#errors";
import { MULTITRACK_TYPE } from "./codes.ts";

/** What precedes the payload in an enhanced audio or video tag body. */
export interface ExHeader {
  /** Of the payload; of the first track in a multitrack body. */
  readonly packetType: number;
  /** FourCC as a big-endian number; 0 in a body of unknown layout. */
  readonly fourCc: number;
  readonly trackId: number;
  readonly isMultitrack: boolean;
  /** Added to the presentation time only; 0 to 999,999 ns. */
  readonly offsetNs: number;
  /** Where the payload (of the first track) starts and ends in the body. */
  readonly start: number;
  readonly end: number;
}

/** Which packet types have a meaning to the header itself; they differ between audio and video. */
export interface ExHeaderOptions {
  /** For error messages: `audio`, `video`. */
  readonly kind: string;
  readonly modEx: number;
  readonly multitrack: number;
}

/** ModExType TimestampOffsetNano. */
const TIMESTAMP_OFFSET_NANO = 0;
/** Most tracks in one body: a track id has one byte. */
const MAX_TRACKS_IN_BODY = 256;
/** Stands for a layout this reader does not know. */
const RESERVED_PACKET_TYPE = 15;

/** ModEx prefixes of a body, read. */
interface ModEx {
  readonly packetType: number;
  readonly offsetNs: number;
  /** First byte after the prefixes. */
  readonly start: number;
}

/**
 * Reads the ModEx prefixes of an enhanced body: Enhanced RTMP v2, "ModEx". Unknown types are skipped.
 *
 * @throws {FormatError} If the body ends early.
 */
export function readModEx(body: Uint8Array, options: ExHeaderOptions): ModEx {
  let packetType = body[0]! & 0x0f;
  let offsetNs = 0;
  let at = 1;
  while (packetType === options.modEx) {
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
      offsetNs = Math.min(body[at]! << 16 | body[at + 1]! << 8 | body[at + 2]!, 999_999);
    }
    packetType = next & 0x0f;
    at += size + 1;
  }
  return { packetType, offsetNs, start: at };
}

/**
 * Reads what follows the ModEx prefixes: multitrack header, FourCC, track id and size.
 *
 * A multitrack body of a reserved layout gives packet type 15 and FourCC 0, so that it can be relayed.
 *
 * @throws {FormatError} If the body ends early.
 */
export function readTrackHeader(body: Uint8Array, modEx: ModEx, options: ExHeaderOptions): ExHeader {
  const { packetType, offsetNs, start } = modEx;
  if (packetType === options.multitrack) return readMultitrack(body, modEx, options);
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

function readMultitrack(body: Uint8Array, modEx: ModEx, options: ExHeaderOptions): ExHeader {
  const { offsetNs, start } = modEx;
  need(body, { at: start, length: 1 }, options);
  const multitrackType = body[start]! >> 4;
  const packetType = body[start]! & 0x0f;
  if (multitrackType > MULTITRACK_TYPE.ManyTracksManyCodecs || packetType === options.multitrack) {
    const end = body.length;
    return {
      packetType: RESERVED_PACKET_TYPE,
      fourCc: 0,
      trackId: 0,
      isMultitrack: true,
      offsetNs,
      start: start + 1,
      end,
    };
  }
  const isSized = multitrackType !== MULTITRACK_TYPE.OneTrack;
  need(body, { at: start + 1, length: isSized ? 8 : 5 }, options);
  const fourCc = u32(body, start + 1);
  return readTrack(body, { at: start + 5, packetType, fourCc, offsetNs, isSized }, options);
}

/** What all tracks of a body have in common, and where one of them starts, after its FourCC. */
interface TrackPlace {
  readonly at: number;
  readonly packetType: number;
  readonly fourCc: number;
  readonly offsetNs: number;
  readonly isSized: boolean;
}

function readTrack(body: Uint8Array, place: TrackPlace, options: ExHeaderOptions): ExHeader {
  const { packetType, fourCc, offsetNs, isSized } = place;
  let { at } = place;
  need(body, { at, length: isSized ? 4 : 1 }, options);
  const trackId = body[at++]!;
  let end = body.length;
  if (isSized) {
    const size = body[at]! << 16 | body[at + 1]! << 8 | body[at + 2]!;
    at += 3;
    need(body, { at, length: size }, options);
    end = at + size;
  }
  return { packetType, fourCc, trackId, isMultitrack: true, offsetNs, start: at, end };
}

/**
 * Reads the headers of all tracks of an enhanced body: Enhanced RTMP v2, "AvMultitrackType".
 *
 * @throws {FormatError} If the body ends early.
 * @throws {LimitError} If it has more tracks than there are track ids.
 */
export function readTrackHeaders(body: Uint8Array, options: ExHeaderOptions): readonly ExHeader[] {
  const modEx = readModEx(body, options);
  const first = readTrackHeader(body, modEx, options);
  const headers = [first];
  if (!first.isMultitrack) return headers;
  const multitrackType = body[modEx.start]! >> 4;
  const hasFourCc = multitrackType === MULTITRACK_TYPE.ManyTracksManyCodecs;
  for (let at = first.end; at < body.length; at = headers.at(-1)!.end) {
    if (headers.length === MAX_TRACKS_IN_BODY) {
      throw new LimitError("MAX_TRACKS_IN_BODY", { value: headers.length + 1, limit: MAX_TRACKS_IN_BODY });
    }
    if (hasFourCc) need(body, { at, length: 4 }, options);
    const fourCc = hasFourCc ? u32(body, at) : first.fourCc;
    const { packetType, offsetNs } = first;
    const place = { at: at + (hasFourCc ? 4 : 0), packetType, fourCc, offsetNs, isSized: true };
    headers.push(readTrack(body, place, options));
  }
  return headers;
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
