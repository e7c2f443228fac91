import type { ByteSource } from "#bytes";
import { FormatError } from "#errors";
import { TsDemuxer } from "../file/ts_demuxer.ts";
import { TS_PACKET_BYTES, TS_SYNC_BYTE } from "../limits.ts";
import { SectionReader } from "../psi/section_reader.ts";
import { decodeProgramAssociation, decodeSection } from "../psi/tables.ts";
import { WRITTEN_PROGRAM } from "./table_writer.ts";

/** What a muxer needs to go on with a file that exists. */
export interface TsResumePoint {
  /** Whole packets end here, in bytes: what follows is to be cut off first. */
  readonly fileBytes: number;
  /** Time the next packet may have, in ms: after all that is there. */
  readonly nextMs: number;
  /** Continuity counters that come next, by PID. */
  readonly counters: ReadonlyMap<number, number>;
  /** The section with the newest program map. */
  readonly map: Uint8Array;
}

/** Read of the end for tables and counters: both come twice a second. */
const TAIL_BYTES = TS_PACKET_BYTES * 11_154;
const PAYLOAD_FLAG = 0x10;
const UNIT_START_FLAG = 0x40;
const ADAPTATION_FLAG = 0x20;

/**
 * Reads the start and the end of a file, to find how to go on with it.
 *
 * @param source Borrowed.
 * @throws {FormatError} If it is no file of plain packets with the tables that `TsMuxer` writes.
 */
export async function readTsResumePoint(source: ByteSource): Promise<TsResumePoint> {
  const { sizeBytes } = source;
  const borrowed: ByteSource = {
    sizeBytes,
    readAt: (offset, into) => source.readAt(offset, into),
    close: () => {},
  };
  const { summary } = await TsDemuxer.open(borrowed);
  if (summary.durationUs === undefined) throw cannotGoOn("its times jump");
  const fileBytes = sizeBytes - sizeBytes % TS_PACKET_BYTES;
  const tail = new Uint8Array(Math.min(TAIL_BYTES, fileBytes));
  await source.readAt(fileBytes - tail.length, tail);
  const { counters, association, map } = readTables(tail);
  if (association === undefined || map === undefined) throw cannotGoOn("there are no tables near its end");
  const programs = decodeProgramAssociation(decodeSection(association));
  const [program] = programs;
  if (
    programs.length !== 1 || program?.mapPid !== WRITTEN_PROGRAM.mapPid ||
    program.programNumber !== WRITTEN_PROGRAM.programNumber
  ) throw cannotGoOn("its program has another place");
  return { fileBytes, nextMs: Math.ceil((summary.startUs + summary.durationUs) / 1000), counters, map };
}

function cannotGoOn(why: string): FormatError {
  return new FormatError(`Cannot go on with MPEG-TS: ${why}`);
}

/** Walks over whole packets. */
function readTables(packets: Uint8Array): {
  readonly counters: Map<number, number>;
  readonly association: Uint8Array | undefined;
  readonly map: Uint8Array | undefined;
} {
  const counters = new Map<number, number>();
  const newest = new Map<number, Uint8Array>();
  const readers = new Map([0, WRITTEN_PROGRAM.mapPid].map((pid) => [
    pid,
    new SectionReader({
      takeSection: (section) => void newest.set(pid, section.slice()),
      dropSection: () => {},
    }),
  ]));
  for (let at = 0; at < packets.length; at += TS_PACKET_BYTES) {
    if (packets[at] !== TS_SYNC_BYTE) throw cannotGoOn("it is not packets of 188 bytes from its start on");
    const pid = (packets[at + 1]! & 0x1f) << 8 | packets[at + 2]!;
    const flags = packets[at + 3]!;
    if ((flags & PAYLOAD_FLAG) === 0) continue;
    counters.set(pid, flags + 1 & 0x0f);
    const start = at + 4 + ((flags & ADAPTATION_FLAG) === 0 ? 0 : packets[at + 4]! + 1);
    const payload = packets.subarray(Math.min(start, at + TS_PACKET_BYTES), at + TS_PACKET_BYTES);
    readers.get(pid)?.push(payload, { isUnitStart: (packets[at + 1]! & UNIT_START_FLAG) !== 0 });
  }
  return { counters, association: newest.get(0), map: newest.get(WRITTEN_PROGRAM.mapPid) };
}
