import { decodeOpusIdHeader } from "#codecs/opus";
import { FormatError } from "#errors";
import type { BoxWriter } from "../write/box_writer.ts";
import type { SampleEntry } from "./sample_entry.ts";

/** Tags of descriptors: ISO/IEC 14496-1 table 1. */
const DESCRIPTOR = { Es: 3, DecoderConfig: 4, DecoderSpecific: 5, SlConfig: 6 } as const;
/** objectTypeIndication: ISO/IEC 14496-1 table 5. */
const OBJECT_TYPE = { Aac: 0x40, Mpeg2Layer3: 0x69, Mpeg1Layer3: 0x6b } as const;
/** streamType 5, audio, and the reserved bit. */
const AUDIO_STREAM = 0x15;
/** MP4 sets up decoders itself: predefined SL packet header. */
const SL_CONFIG_MP4 = 2;

/** The lowest rate of MPEG-1 audio, in Hz. */
const MPEG1_LOWEST_RATE = 32_000;
/** What does not fit the 16.16 field is 0, and the codec's own header tells. */
const MAX_ENTRY_RATE = 0xffff;
/** Stream count, coupled count, one byte a channel follow: RFC 7845 section 5.1.1. */
const OPUS_MAPPING_OFFSET = 19;
const FLAC_MAGIC_BYTES = 4;
const FLAC_LAST_BLOCK = 0x80;
/** Writes an audio sample entry: ISO/IEC 14496-12 section 12.2.3. */
export function writeAudioSampleEntry(writer: BoxWriter, entry: SampleEntry): void {
  const { codec } = entry.track;
  const type = codec === ".mp3" || codec === "mp3_8k" ? "mp4a" : codec;
  writer.box(type, () => {
    writer.zeros(6).u16(1); // data_reference_index
    writer.zeros(8).u16(entry.channels, 16).u32(0);
    writer.u16(entry.sampleRate > MAX_ENTRY_RATE ? 0 : entry.sampleRate, 0);
    writeConfigBox(writer, entry);
  });
}

function writeConfigBox(writer: BoxWriter, entry: SampleEntry): void {
  switch (entry.track.codec) {
    case "mp4a":
      return writeEsds(writer, OBJECT_TYPE.Aac, entry.codecConfig!);
    case ".mp3":
    case "mp3_8k":
      return writeEsds(writer, mp3ObjectType(entry.sampleRate));
    case "Opus":
      return writeOpus(writer, entry);
    case "fLaC":
      return writeFlac(writer, entry.codecConfig!);
    case "ac-3":
    case "ec-3":
      return writeAc3(writer, entry);
  }
}

function mp3ObjectType(sampleRate: number): number {
  return sampleRate === 0 || sampleRate >= MPEG1_LOWEST_RATE
    ? OBJECT_TYPE.Mpeg1Layer3
    : OBJECT_TYPE.Mpeg2Layer3;
}

/** ISO/IEC 14496-14 section 5.6, ISO/IEC 14496-1 section 7.2.6. */
function writeEsds(writer: BoxWriter, objectType: number, config?: Uint8Array): void {
  const specificBytes = config === undefined ? 0 : descriptorBytes(config.length);
  const decoderConfigBytes = 13 + specificBytes;
  const slConfigBytes = 1;
  const esBytes = 3 + descriptorBytes(decoderConfigBytes) + descriptorBytes(slConfigBytes);
  writer.box("esds", () => {
    writer.versionAndFlags(0);
    openDescriptor(writer, DESCRIPTOR.Es, esBytes);
    writer.u16(0).u8(0); // ES_ID is 0 in files
    openDescriptor(writer, DESCRIPTOR.DecoderConfig, decoderConfigBytes);
    writer.u8(objectType, AUDIO_STREAM).u24(0).u32(0, 0);
    if (config !== undefined) {
      openDescriptor(writer, DESCRIPTOR.DecoderSpecific, config.length);
      writer.bytes(config);
    }
    openDescriptor(writer, DESCRIPTOR.SlConfig, slConfigBytes);
    writer.u8(SL_CONFIG_MP4);
  });
}

/** Tag, size of seven bits a byte, content: ISO/IEC 14496-1 section 8.3.3. */
function openDescriptor(writer: BoxWriter, tag: number, contentBytes: number): void {
  writer.u8(tag);
  for (let shift = 7 * (sizeFieldBytes(contentBytes) - 1); shift > 0; shift -= 7) {
    writer.u8(0x80 | contentBytes >> shift & 0x7f);
  }
  writer.u8(contentBytes & 0x7f);
}

function descriptorBytes(contentBytes: number): number {
  return 1 + sizeFieldBytes(contentBytes) + contentBytes;
}

function sizeFieldBytes(contentBytes: number): number {
  let count = 1;
  for (let rest = contentBytes >> 7; rest > 0; rest >>= 7) count++;
  return count;
}

/** Encapsulation of Opus in ISOBMFF section 4.3.2: the identification header, big-endian, without its magic. */
function writeOpus(writer: BoxWriter, { codecConfig, channels, track }: SampleEntry): void {
  if (codecConfig === undefined || codecConfig.length === 0) {
    writer.box("dOps", () => writer.u8(0, channels).u16(0).u32(48_000).u16(0).u8(0));
    return;
  }
  const header = decodeOpusIdHeader(codecConfig);
  if (header.mappingFamily !== 0 && codecConfig.length < OPUS_MAPPING_OFFSET + 2 + header.channels) {
    throw new FormatError(
      `Cannot write audio track ${track.trackId}: Opus header of ${codecConfig.length} bytes lacks its mapping`,
      { offset: OPUS_MAPPING_OFFSET },
    );
  }
  writer.box("dOps", () => {
    writer.u8(0, header.channels).u16(header.preSkip).u32(header.inputSampleRate);
    writer.u16(header.outputGain & 0xffff).u8(header.mappingFamily);
    if (header.mappingFamily === 0) return;
    const mappingBytes = 2 + header.channels;
    writer.bytes(codecConfig.subarray(OPUS_MAPPING_OFFSET, OPUS_MAPPING_OFFSET + mappingBytes));
  });
}

/** Encapsulation of FLAC in ISOBMFF section 3.3.2: the metadata blocks without the magic; the last is marked. */
function writeFlac(writer: BoxWriter, codecConfig: Uint8Array): void {
  const blocks = codecConfig.slice(FLAC_MAGIC_BYTES);
  let at = 0;
  let last = 0;
  while (at + 4 <= blocks.length) {
    last = at;
    at += 4 + (blocks[at + 1]! << 16 | blocks[at + 2]! << 8 | blocks[at + 3]!);
  }
  blocks[last]! |= FLAC_LAST_BLOCK;
  writer.box("dfLa", () => writer.versionAndFlags(0).bytes(blocks));
}

/** ETSI TS 102 366 annex F. */
function writeAc3(writer: BoxWriter, { codecConfig, track }: SampleEntry): void {
  if (codecConfig === undefined) {
    throw new FormatError(`Cannot write audio track ${track.trackId}: its first packet is no ${track.codec}`);
  }
  writer.box(track.codec === "ac-3" ? "dac3" : "dec3", () => writer.bytes(codecConfig));
}
