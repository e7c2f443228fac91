import { FormatError } from "#errors";
import type { CodecId, TrackKind } from "#media";
import type { BoxBody } from "../boxes/box_body.ts";
import { BoxCursor } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import type { PcmLayout } from "../samples/pcm_packets.ts";
import { type AudioFields, readAudioFields } from "./audio_fields.ts";
import { flacHeadOf, opusHeadOf } from "./codec_configs.ts";
import {
  AUDIO_FORMATS,
  AUDIO_OBJECT_TYPES,
  type CodecRow,
  DATA_FORMATS,
  OBJECT_TYPES,
  VIDEO_FORMATS,
} from "./codec_names.ts";
import { readEsds } from "./esds.ts";
import { pcmCodecName, pcmFormatOf } from "./pcm_format.ts";

/** What the sample entry of a track says. */
export interface SampleEntry {
  readonly codec: CodecId;
  readonly codecName: string;
  /** Own memory. */
  readonly codecConfig?: Uint8Array;
  /** Of the entry, in pixels. */
  readonly width?: number;
  readonly height?: number;
  /** In Hz. */
  readonly sampleRate?: number;
  readonly channels?: number;
  /** Which entry of `dref` says where the samples are, from 1. */
  readonly dataReference: number;
  /** How PCM and the like lie in chunks. */
  readonly pcm?: PcmLayout;
  /** Tags by ffprobe's names: vendor, name of the encoder. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What a sample entry is read with. */
export interface EntryContext {
  readonly kind: TrackKind;
  /** QuickTime sound descriptions have more fields than ISO's. */
  readonly isQuickTime: boolean;
  /** Version of `stsd`. */
  readonly version: number;
}

const UNKNOWN: CodecRow = ["unknown", "unknown"];
/** Encrypted sample entries, which name their format in `frma`: ISO/IEC 14496-12 section 8.12. */
const ENCRYPTED = new Set(["encv", "enca", "enct", "encs", "drms", "drmi"]);
const FIVE_BITS = 0x1f;
const ESCAPED_OBJECT_TYPE = 31;

/** What the boxes inside of a sample entry add to it. */
interface Inside {
  row?: CodecRow;
  config?: Uint8Array;
  isLittleEndian?: boolean;
  /** Bits of a PCM sample. */
  bits?: number;
}

/**
 * Reads the first sample entry of `stsd`: ISO/IEC 14496-12 section 8.5.2.
 *
 * @param body The entry, after its head.
 */
export function readSampleEntry(body: BoxBody, context: EntryContext): SampleEntry {
  const format = body.type;
  body.skip(6, "reserved bytes");
  const dataReference = body.u16("data reference index");
  const { kind } = context;
  if (kind === "video") return { ...readVideoEntry(body, format), dataReference };
  if (kind === "audio") return { ...readAudioEntry(body, format, context), dataReference };
  const inside = DATA_FORMATS[format]?.[1] === "dvd_subtitle" ? readInside(body) : {};
  const [codec, codecName] = inside.row ?? DATA_FORMATS[format] ?? UNKNOWN;
  return { codec, codecName, dataReference, tags: {} };
}

type Entry = Omit<SampleEntry, "dataReference">;

/** VisualSampleEntry: section 12.1.3. */
function readVideoEntry(body: BoxBody, format: string): Entry {
  body.skip(4, "version and revision");
  const vendor = body.take(4, "vendor");
  body.skip(8, "quality");
  const width = body.u16("width");
  const height = body.u16("height");
  body.skip(14, "resolution and frame count");
  const encoder = readPascalText(body.take(32, "compressor name"));
  body.skip(4, "depth and colour table");
  const inside = readInside(body);
  const [codec, codecName] = codecOf(format, VIDEO_FORMATS, inside);
  return {
    codec,
    codecName,
    width,
    height,
    ...(inside.config === undefined ? {} : { codecConfig: inside.config }),
    tags: { ...vendorTag(vendor), ...(encoder === "" ? {} : { encoder }) },
  };
}

/** AudioSampleEntry: section 12.2.3, and the sound descriptions of QuickTime. */
function readAudioEntry(body: BoxBody, format: string, context: EntryContext): Entry {
  const fields = readAudioFields(body, context);
  const inside = readInside(body);
  const { sampleRate, channels } = fields;
  const common = {
    ...(sampleRate === 0 ? {} : { sampleRate }),
    ...(channels === 0 ? {} : { channels }),
    ...(inside.config === undefined ? {} : { codecConfig: inside.config }),
    tags: vendorTag(fields.vendor),
  };
  const pcm = pcmFormatOf(format, {
    bits: inside.bits ?? fields.bits,
    ...(fields.lpcmFlags === undefined ? {} : { lpcmFlags: fields.lpcmFlags }),
    ...(inside.isLittleEndian === undefined ? {} : { isLittleEndian: inside.isLittleEndian }),
  });
  if (pcm !== undefined) {
    const layout = { frameSamples: 1, frameBytes: (pcm.bits >> 3) * channels };
    return { codec: "unknown", codecName: pcmCodecName(pcm), pcm: layout, ...common };
  }
  const [codec, codecName] = codecOf(format, AUDIO_FORMATS, inside);
  const layout = layoutOf(codecName, fields);
  return { codec, codecName, ...(layout === undefined ? {} : { pcm: layout }), ...common };
}

/** Codecs of constant frames whose sound descriptions may not say so, as version 0 does not. */
const CONSTANT_FRAMES: Readonly<Record<string, readonly [samples: number, bytesPerChannel: number]>> = {
  pcm_mulaw: [1, 1],
  pcm_alaw: [1, 1],
  mace3: [6, 2],
  mace6: [6, 1],
  adpcm_ima_qt: [64, 34],
  gsm: [160, 33],
};

function layoutOf(codecName: string, fields: AudioFields): PcmLayout | undefined {
  if (fields.frameSamples > 1 && fields.frameBytes > 0) return fields;
  const constant = CONSTANT_FRAMES[codecName];
  return constant && { frameSamples: constant[0], frameBytes: constant[1] * Math.max(1, fields.channels) };
}

function codecOf(format: string, formats: Readonly<Record<string, CodecRow>>, inside: Inside): CodecRow {
  if (ENCRYPTED.has(format)) return ["unknown", inside.row?.[1] ?? "unknown"];
  return inside.row ?? formats[format] ?? UNKNOWN;
}

/** Reads the boxes of a sample entry; what is broken in them ends the search, not the file. */
function readInside(body: BoxBody): Inside {
  const inside: Inside = {};
  try {
    const cursor = new BoxCursor(body);
    while (cursor.next()) {
      if (cursor.type === BOX.Wave) {
        const wave = new BoxCursor(cursor.body());
        while (wave.next()) readInsideBox(wave.body(), inside);
      } else readInsideBox(cursor.body(), inside);
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  return inside;
}

function readInsideBox(body: BoxBody, inside: Inside): void {
  switch (body.type) {
    case BOX.AvcConfig:
    case BOX.HevcConfig:
    case BOX.Av1Config:
    case BOX.Ac3Config:
    case BOX.Eac3Config:
      inside.config = body.rest().slice();
      return;
    case BOX.VvcConfig:
    case BOX.VpConfig:
      body.skip(4, "version and flags");
      inside.config = body.rest().slice();
      return;
    case BOX.Esds:
      return readEsdsInto(body, inside);
    case BOX.OpusConfig:
      inside.config = opusHeadOf(body);
      return;
    case BOX.FlacConfig:
      inside.config = flacHeadOf(body);
      return;
    case BOX.Endianness:
      inside.isLittleEndian = body.u16("endianness") === 1;
      return;
    case BOX.PcmConfig:
      body.skip(4, "version and flags");
      inside.isLittleEndian = (body.u8("PCM format flags") & 1) === 1;
      inside.bits = body.u8("PCM sample size");
      return;
    case BOX.ProtectionScheme:
      return readProtection(body, inside);
  }
}

function readEsdsInto(body: BoxBody, inside: Inside): void {
  const stream = readEsds(body);
  if (stream === undefined) return;
  const { objectType, config } = stream;
  const row = OBJECT_TYPES[objectType];
  const own = row?.[0] === "mp4a" && config !== undefined
    ? AUDIO_OBJECT_TYPES[audioObjectTypeOf(config)]
    : undefined;
  if (row !== undefined) inside.row = own ?? row;
  if (config !== undefined && inside.row?.[0] === "mp4a") inside.config = config.slice();
}

/** ISO/IEC 14496-3 section 1.6.2.1: five bits, or 31 and six more. */
function audioObjectTypeOf(config: Uint8Array): number {
  const bits = (config[0] ?? 0) << 8 | (config[1] ?? 0);
  const type = bits >> 11 & FIVE_BITS;
  return type === ESCAPED_OBJECT_TYPE ? 32 + (bits >> 5 & 0x3f) : type;
}

function readProtection(body: BoxBody, inside: Inside): void {
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    if (cursor.type !== BOX.OriginalFormat) continue;
    const format = cursor.body().fourCc("original format");
    const row = VIDEO_FORMATS[format] ?? AUDIO_FORMATS[format];
    if (row !== undefined) inside.row ??= row;
  }
}

/** A length, then so many bytes. */
function readPascalText(bytes: Uint8Array): string {
  const length = Math.min(bytes[0]!, bytes.length - 1);
  return String.fromCharCode(...bytes.subarray(1, 1 + length)).split("\0", 1)[0]!;
}

/** As ffprobe writes it: bytes that are no letters in brackets. */
function vendorTag(vendor: Uint8Array): Record<string, string> {
  const text = [...vendor].map((byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9 ._-]/.test(char) ? char : `[${byte}]`;
  }).join("");
  return { vendor_id: text };
}
