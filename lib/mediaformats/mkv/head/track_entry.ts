import { hexOf } from "#bytes";
import { FormatError } from "#errors";
import { childrenOf, type EbmlElement, floatOf, textOf, uintOf } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";
import { type ContentEncoding, readContentEncodings } from "./content_encodings.ts";

/** TrackType: RFC 9559 section 5.1.4.1.3. */
export const TRACK_TYPE = { Video: 1, Audio: 2, Subtitle: 17, Metadata: 33 } as const;

/** One track as the file describes it: RFC 9559 section 5.1.4.1. */
export interface TrackEntry {
  trackNumber: number;
  /** TrackUID, hexadecimal without leading zeros; empty for none. */
  trackUid: string;
  trackType: number;
  isDefault: boolean;
  /** Nanoseconds of a frame; 0 where it is absent. */
  defaultDurationNs: number;
  name: string;
  /** ISO 639-2; `undefined` where it is absent, which means `eng`. */
  language: string | undefined;
  codecId: string;
  /** As stored: `ContentEncodings` may apply. */
  codecPrivate: Uint8Array;
  /** What a decoder must drop at the start, in nanoseconds. */
  codecDelayNs: number;
  pixelWidth: number;
  pixelHeight: number;
  hasAlpha: boolean;
  /** Clockwise, in degrees: 0, 90, 180 or 270. */
  rotationDegrees: number;
  /** Of what comes out of the decoder, in Hz. */
  sampleRate: number;
  /** Of the coded frames, in Hz. */
  codedSampleRate: number;
  channels: number;
  bitDepth: number;
  encodings: readonly ContentEncoding[];
}

/** A TrackUID or a reference to one: 64 bits, which no number holds. */
export function uidOf({ content }: EbmlElement): string {
  return hexOf(content.subarray(0, 8)).replace(/^0+/, "");
}

/**
 * Reads a TrackEntry element.
 *
 * @throws {FormatError} If it is malformed.
 * @throws {LimitError} If it has too many ContentEncodings.
 */
export function readTrackEntry(element: EbmlElement): TrackEntry {
  const entry: TrackEntry = {
    trackNumber: 0,
    trackUid: "",
    trackType: 0,
    isDefault: true,
    defaultDurationNs: 0,
    name: "",
    language: undefined,
    codecId: "",
    codecPrivate: new Uint8Array(0),
    codecDelayNs: 0,
    pixelWidth: 0,
    pixelHeight: 0,
    hasAlpha: false,
    rotationDegrees: 0,
    sampleRate: 8000,
    codedSampleRate: 8000,
    channels: 1,
    bitDepth: 0,
    encodings: [],
  };
  for (const child of childrenOf(element)) readField(entry, child);
  if (entry.trackNumber === 0) {
    const { offset } = element;
    throw new FormatError(`Cannot read TrackEntry at offset ${offset}: it has no TrackNumber`, { offset });
  }
  return entry;
}

function readField(entry: TrackEntry, child: EbmlElement): void {
  switch (child.id) {
    case ELEMENT_ID.TrackNumber:
      entry.trackNumber = uintOf(child);
      break;
    case ELEMENT_ID.TrackUid:
      entry.trackUid = uidOf(child);
      break;
    case ELEMENT_ID.TrackType:
      entry.trackType = uintOf(child);
      break;
    case ELEMENT_ID.FlagDefault:
      entry.isDefault = uintOf(child) !== 0;
      break;
    case ELEMENT_ID.DefaultDuration:
      entry.defaultDurationNs = uintOf(child);
      break;
    case ELEMENT_ID.Name:
      entry.name = textOf(child);
      break;
    case ELEMENT_ID.Language:
      entry.language = textOf(child);
      break;
    case ELEMENT_ID.CodecId:
      entry.codecId = textOf(child);
      break;
    case ELEMENT_ID.CodecPrivate:
      entry.codecPrivate = child.content.slice();
      break;
    case ELEMENT_ID.CodecDelay:
      entry.codecDelayNs = uintOf(child);
      break;
    case ELEMENT_ID.Video:
      for (const field of childrenOf(child)) readVideoField(entry, field);
      break;
    case ELEMENT_ID.Audio:
      readAudio(entry, child);
      break;
    case ELEMENT_ID.ContentEncodings:
      entry.encodings = readContentEncodings(child);
  }
}

function readVideoField(entry: TrackEntry, field: EbmlElement): void {
  switch (field.id) {
    case ELEMENT_ID.PixelWidth:
      entry.pixelWidth = uintOf(field);
      break;
    case ELEMENT_ID.PixelHeight:
      entry.pixelHeight = uintOf(field);
      break;
    case ELEMENT_ID.AlphaMode:
      entry.hasAlpha = uintOf(field) !== 0;
      break;
    case ELEMENT_ID.Projection:
      entry.rotationDegrees = readRotation(field);
  }
}

/** ProjectionPoseRoll turns counter-clockwise: RFC 9559 section 5.1.4.1.28.44. Other turns are not of a plane. */
function readRotation(projection: EbmlElement): number {
  let roll = 0;
  for (const field of childrenOf(projection)) {
    if (field.id === ELEMENT_ID.ProjectionPoseRoll) roll = floatOf(field);
    else if (field.id === ELEMENT_ID.ProjectionPoseYaw || field.id === ELEMENT_ID.ProjectionPosePitch) {
      if (floatOf(field) !== 0) return 0;
    }
  }
  const quarters = Math.round(-roll / 90);
  return Number.isFinite(quarters) && Math.abs(quarters) <= 4 ? (quarters % 4 + 4) % 4 * 90 : 0;
}

function readAudio(entry: TrackEntry, audio: EbmlElement): void {
  let outputRate = 0;
  for (const field of childrenOf(audio)) {
    switch (field.id) {
      case ELEMENT_ID.SamplingFrequency:
        entry.codedSampleRate = floatOf(field);
        break;
      case ELEMENT_ID.OutputSamplingFrequency:
        outputRate = floatOf(field);
        break;
      case ELEMENT_ID.Channels:
        entry.channels = uintOf(field);
        break;
      case ELEMENT_ID.BitDepth:
        entry.bitDepth = uintOf(field);
    }
  }
  entry.sampleRate = outputRate > 0 ? outputRate : entry.codedSampleRate;
}
