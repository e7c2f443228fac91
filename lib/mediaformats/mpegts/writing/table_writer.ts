import { ByteWriter, concatBytes, encodeUtf8 } from "#bytes";
import { FormatError } from "#errors";
import { MAX_TS_SECTION_BYTES, TS_PACKET_BYTES, TS_SYNC_BYTE } from "../limits.ts";
import { type Descriptor, DESCRIPTOR_TAG } from "../psi/descriptor.ts";
import { sectionCrc } from "../psi/section_crc.ts";
import { type ProgramMap, type ProgramPlace, type Service, TABLE_ID } from "../psi/tables.ts";
import type { OutgoingPid } from "./pes_writer.ts";

/** The program that is written, as most writers have it. */
export const WRITTEN_PROGRAM: ProgramPlace = { programNumber: 1, mapPid: 0x1000 };
const PACKET_BODY_BYTES = TS_PACKET_BYTES - 4;
/** service_type of a digital television or radio service: EN 300 468 table 87. */
const SERVICE_TYPE = { Television: 1, Radio: 2 } as const;
/** running_status "running", not scrambled. */
const RUNNING = 4 << 13;
/** First byte of text in UTF-8: EN 300 468 annex A. */
const TEXT_UTF8 = 0x15;

/**
 * Encodes a program association section: ISO/IEC 13818-1 section 2.4.4.3.
 *
 * @param options `transportStreamId`: any, 0 to 65535.
 * @returns For the caller to own.
 */
export function encodeProgramAssociation(
  programs: readonly ProgramPlace[],
  options: { transportStreamId: number; version?: number },
): Uint8Array {
  const body = new ByteWriter();
  for (const { programNumber, mapPid } of programs) body.u16(programNumber).u16(0xe000 | mapPid);
  return encodeSection(body.view(), {
    tableId: TABLE_ID.ProgramAssociation,
    extension: options.transportStreamId,
    version: options.version ?? 0,
  });
}

/**
 * Encodes a program map section: ISO/IEC 13818-1 section 2.4.4.8.
 *
 * @returns For the caller to own.
 * @throws {FormatError} If it is longer than a section may be.
 */
export function encodeProgramMap(map: ProgramMap, options: { version?: number } = {}): Uint8Array {
  const body = new ByteWriter().u16(0xe000 | map.pcrPid);
  writeDescriptors(body, map.descriptors);
  for (const { streamType, pid, descriptors } of map.streams) {
    body.u8(streamType).u16(0xe000 | pid);
    writeDescriptors(body, descriptors);
  }
  return encodeSection(body.view(), {
    tableId: TABLE_ID.ProgramMap,
    extension: map.programNumber,
    version: options.version ?? 0,
  });
}

/**
 * Encodes a service description section: EN 300 468 section 5.2.3.
 *
 * @param options `transportStreamId`: that of the program association.
 * @returns For the caller to own.
 * @throws {FormatError} If a name is longer than a descriptor may be.
 */
export function encodeService(
  service: Service,
  options: { transportStreamId: number; hasVideo: boolean },
): Uint8Array {
  const descriptor = new ByteWriter().u8(options.hasVideo ? SERVICE_TYPE.Television : SERVICE_TYPE.Radio);
  writeText(descriptor, service.provider);
  writeText(descriptor, service.name);
  // original_network_id, a reserved byte, service_id, no event tables
  const body = new ByteWriter().u16(0xff01).u8(0xff).u16(service.programNumber).u8(0xfc);
  writeDescriptors(body, [{ tag: DESCRIPTOR_TAG.Service, body: descriptor.take() }], RUNNING);
  return encodeSection(body.view(), {
    tableId: TABLE_ID.ServiceDescription,
    extension: options.transportStreamId,
    version: 0,
  });
}

/** Packets a section takes. */
export function sectionPacketCount(section: Uint8Array): number {
  return Math.ceil((section.length + 1) / PACKET_BODY_BYTES);
}

/**
 * Writes a section as transport packets, filled up with 0xFF: ISO/IEC 13818-1 section 2.4.4.1.
 *
 * @param out Has room for `sectionPacketCount` packets from `at` on.
 * @returns Index after the last one.
 */
// params: hot path
export function writeSection(out: Uint8Array, at: number, section: Uint8Array, to: OutgoingPid): number {
  let from = 0;
  while (from < section.length) {
    const isStart = from === 0;
    const bodyAt = at + (isStart ? 5 : 4);
    const end = at + TS_PACKET_BYTES;
    out[at] = TS_SYNC_BYTE;
    out[at + 1] = (isStart ? 0x40 : 0) | to.pid >> 8;
    out[at + 2] = to.pid;
    out[at + 3] = 0x10 | to.counter;
    to.counter = to.counter + 1 & 0x0f;
    // pointer_field: the section begins at once
    if (isStart) out[at + 4] = 0;
    const count = Math.min(end - bodyAt, section.length - from);
    out.set(section.subarray(from, from + count), bodyAt);
    out.fill(0xff, bodyAt + count, end);
    from += count;
    at = end;
  }
  return at;
}

/** The long form, with its CRC: ISO/IEC 13818-1 section 2.4.4.11. */
function encodeSection(
  body: Uint8Array,
  options: { tableId: number; extension: number; version: number },
): Uint8Array {
  const { tableId, extension, version } = options;
  // extension, version and numbers before the body, CRC after it
  const length = 5 + body.length + 4;
  if (3 + length > MAX_TS_SECTION_BYTES) {
    throw new FormatError(
      `Cannot write section of table ${tableId}: ${3 + length} bytes exceed ${MAX_TS_SECTION_BYTES}`,
    );
  }
  // the bit after section_syntax_indicator is 0 in the tables of ISO/IEC 13818-1, reserved and set in others
  const isProgramTable = tableId <= TABLE_ID.ProgramMap;
  const head = new ByteWriter().u8(tableId).u16((isProgramTable ? 0xb000 : 0xf000) | length).u16(extension);
  head.u8(0xc0 | version << 1 | 1).u8(0).u8(0).bytes(body);
  const bytes = head.take();
  return concatBytes([bytes, new ByteWriter().u32(sectionCrc(bytes)).view()]);
}

/** @param flags In the four bits above the length. */
function writeDescriptors(writer: ByteWriter, descriptors: readonly Descriptor[], flags = 0xf000): void {
  const loop = new ByteWriter();
  for (const { tag, body } of descriptors) {
    if (body.length > 255) {
      throw new FormatError(`Cannot write descriptor ${tag}: ${body.length} bytes exceed 255`);
    }
    loop.u8(tag).u8(body.length).bytes(body);
  }
  writer.u16(flags | loop.length).bytes(loop.view());
}

function writeText(writer: ByteWriter, text: string): void {
  const bytes = encodeUtf8(text);
  const isAscii = bytes.length === text.length;
  const length = bytes.length + (isAscii ? 0 : 1);
  if (length > 255) throw new FormatError(`Cannot write service name: ${length} bytes exceed 255`);
  writer.u8(length);
  if (!isAscii) writer.u8(TEXT_UTF8);
  writer.bytes(bytes);
}
