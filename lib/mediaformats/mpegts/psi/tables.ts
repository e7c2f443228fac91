import { ByteReader, decodeUtf8 } from "#bytes";
import { FormatError } from "#errors";
import { decodeDescriptors, type Descriptor, DESCRIPTOR_TAG } from "./descriptor.ts";
import { sectionCrc } from "./section_crc.ts";

/** What a section is: ISO/IEC 13818-1 table 2-31, EN 300 468 table 2. */
export const TABLE_ID = { ProgramAssociation: 0, ProgramMap: 2, ServiceDescription: 0x42 } as const;

/** One of `TABLE_ID`. */
export type TableId = typeof TABLE_ID[keyof typeof TABLE_ID];

/** Header of a section in the long form: ISO/IEC 13818-1 section 2.4.4.11. */
export interface Section {
  /** See `TABLE_ID`. */
  readonly tableId: number;
  /** transport_stream_id in PAT and SDT, program_number in PMT. */
  readonly tableIdExtension: number;
  /** 0 to 31; another one means another content. */
  readonly version: number;
  /** Whether it is in force already: current_next_indicator. */
  readonly isCurrent: boolean;
  /** Position among the sections of its table. */
  readonly sectionNumber: number;
  /** CRC_32, which also tells contents apart. */
  readonly crc: number;
  /** Between header and CRC; a view. */
  readonly body: Uint8Array;
}

/** One program of a program association section. */
export interface ProgramPlace {
  /** 1 to 65535. */
  readonly programNumber: number;
  /** PID of its map, 0 to 8191. */
  readonly mapPid: number;
}

/** One stream of a program map. */
export interface ProgramStream {
  /** See `STREAM_TYPE`. */
  readonly streamType: number;
  /** 0 to 8191. */
  readonly pid: number;
  readonly descriptors: readonly Descriptor[];
}

/** A program map section: ISO/IEC 13818-1 section 2.4.4.8. */
export interface ProgramMap {
  readonly programNumber: number;
  /** PID whose packets carry the clock; 8191 for none. */
  readonly pcrPid: number;
  readonly descriptors: readonly Descriptor[];
  readonly streams: readonly ProgramStream[];
}

/** What a service description section tells of one program: EN 300 468 section 5.2.3. */
export interface Service {
  /** service_id, which is the program_number. */
  readonly programNumber: number;
  readonly name: string;
  readonly provider: string;
}

const HEADER_BYTES = 8;
const CRC_BYTES = 4;

/**
 * Decodes the header of a section and checks its CRC.
 *
 * @param bytes A whole section; the body is a view of it.
 * @throws {FormatError} If it is too short, in the short form, or its CRC does not fit.
 */
export function decodeSection(bytes: Uint8Array): Section {
  const tableId = bytes[0] ?? -1;
  if (bytes.length < HEADER_BYTES + CRC_BYTES || (bytes[1]! & 0x80) === 0) {
    throw new FormatError(
      `Cannot read section of table ${tableId}: ${bytes.length} bytes in the short form or cut off, ` +
        `need ${HEADER_BYTES + CRC_BYTES}`,
      { offset: 0 },
    );
  }
  if (sectionCrc(bytes) !== 0) {
    throw new FormatError(`Cannot read section of table ${tableId}: CRC does not fit`, { offset: 0 });
  }
  const reader = new ByteReader(bytes.subarray(3));
  const tableIdExtension = reader.u16("table_id_extension");
  const flags = reader.u8("version_number");
  const sectionNumber = reader.u8("section_number");
  reader.u8("last_section_number");
  const body = reader.bytes(bytes.length - HEADER_BYTES - CRC_BYTES, "section body");
  return {
    tableId,
    tableIdExtension,
    version: flags >> 1 & 0x1f,
    isCurrent: (flags & 1) !== 0,
    sectionNumber,
    crc: reader.u32("CRC_32"),
    body,
  };
}

/** Decodes the programs of a program association section: ISO/IEC 13818-1 section 2.4.4.3. */
export function decodeProgramAssociation(section: Section): ProgramPlace[] {
  const reader = new ByteReader(section.body);
  const programs: ProgramPlace[] = [];
  while (reader.remaining >= 4) {
    const programNumber = reader.u16("program_number");
    const mapPid = reader.u16("program_map_PID") & 0x1fff;
    // program 0 is the network table
    if (programNumber !== 0) programs.push({ programNumber, mapPid });
  }
  return programs;
}

/**
 * Decodes a program map section.
 *
 * @throws {FormatError} If a length in it exceeds what is there.
 */
export function decodeProgramMap(section: Section): ProgramMap {
  const reader = new ByteReader(section.body);
  const pcrPid = reader.u16("PCR_PID") & 0x1fff;
  const descriptors = readDescriptors(reader, "program_info_length");
  const streams: ProgramStream[] = [];
  while (reader.remaining >= 5) {
    const streamType = reader.u8("stream_type");
    const pid = reader.u16("elementary_PID") & 0x1fff;
    streams.push({ streamType, pid, descriptors: readDescriptors(reader, "ES_info_length") });
  }
  return { programNumber: section.tableIdExtension, pcrPid, descriptors, streams };
}

/**
 * Decodes a service description section.
 *
 * @throws {FormatError} If a length in it exceeds what is there.
 */
export function decodeServices(section: Section): Service[] {
  const reader = new ByteReader(section.body);
  reader.u16("original_network_id");
  reader.u8("reserved");
  const services: Service[] = [];
  while (reader.remaining >= 5) {
    const programNumber = reader.u16("service_id");
    reader.u8("EIT flags");
    const descriptors = readDescriptors(reader, "descriptors_loop_length");
    const service = descriptors.find(({ tag }) => tag === DESCRIPTOR_TAG.Service);
    if (service !== undefined) services.push({ programNumber, ...readServiceNames(service.body) });
  }
  return services;
}

/** Descriptors behind their length of twelve bits; copies, as sections are borrowed. */
function readDescriptors(reader: ByteReader, what: string): Descriptor[] {
  const length = reader.u16(what) & 0x0fff;
  return decodeDescriptors(reader.bytes(length, what).slice());
}

function readServiceNames(body: Uint8Array): { name: string; provider: string } {
  const reader = new ByteReader(body);
  reader.u8("service_type");
  const provider = decodeText(reader.bytes(reader.u8("provider length"), "provider"));
  const name = decodeText(reader.bytes(reader.u8("service name length"), "service name"));
  return { name, provider };
}

/** First bytes that tell the character table: EN 300 468 annex A. */
const TEXT_UTF8 = 0x15;
const TEXT_THREE_BYTES = 0x10;
const FIRST_PRINTABLE = 0x20;

/** Text of EN 300 468 annex A: UTF-8 where told or where it is one, otherwise read as ISO 8859-1. */
function decodeText(bytes: Uint8Array): string {
  const first = bytes[0] ?? FIRST_PRINTABLE;
  const skipped = first >= FIRST_PRINTABLE ? 0 : first === TEXT_THREE_BYTES ? 3 : 1;
  const body = bytes.subarray(skipped);
  if (first === TEXT_UTF8 || first >= FIRST_PRINTABLE) {
    const text = decodeUtf8(body);
    if (first === TEXT_UTF8 || !text.includes("\ufffd")) return text;
  }
  return String.fromCharCode(...body);
}
