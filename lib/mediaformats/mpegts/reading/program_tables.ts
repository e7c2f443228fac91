import { FormatError } from "#errors";
import { MAX_TS_PROGRAMS } from "../limits.ts";
import { SectionReader, type SectionSink } from "../psi/section_reader.ts";
import {
  decodeProgramAssociation,
  decodeProgramMap,
  decodeSection,
  decodeServices,
  type ProgramMap,
  type ProgramPlace,
  type Section,
  type Service,
  TABLE_ID,
} from "../psi/tables.ts";

/** PIDs with a meaning of their own: ISO/IEC 13818-1 table 2-3, EN 300 468 table 1. */
export const TS_PID = { ProgramAssociation: 0, ServiceDescription: 0x11, Null: 0x1fff } as const;

/** Who follows the program tables. */
export interface ProgramTablesSink {
  /** The PIDs that carry tables are these now, beside those of `TS_PID`. */
  watchMaps(pids: readonly number[]): void;
  /** The map of the program that is read, when it comes first and whenever it changes. */
  takeProgramMap(map: ProgramMap): void;
}

/**
 * Follows PAT, PMT and SDT, and chooses a program: the one asked for, otherwise the first whose map comes with
 * streams. A recording may list the programs of its whole transponder and have one of them.
 */
export class ProgramTables implements SectionSink {
  readonly #sink: ProgramTablesSink;
  readonly #wanted: number | undefined;
  readonly #readers = new Map<number, SectionReader>();
  #programs: ProgramPlace[] = [];
  #services: readonly Service[] = [];
  #map: ProgramMap | undefined;
  /** CRC of the newest section by table, extension and number: one that is repeated needs no reading. */
  readonly #crcs = new Map<number, number>();
  #associationVersion: number | undefined;
  #malformed = 0;

  /** @param options `program`: program_number of the one to read. */
  constructor(sink: ProgramTablesSink, options: { program?: number | undefined } = {}) {
    this.#sink = sink;
    this.#wanted = options.program;
  }

  /** Programs of the newest program association. */
  get programs(): readonly ProgramPlace[] {
    return this.#programs;
  }

  /** What the service description says of the programs. */
  get services(): readonly Service[] {
    return this.#services;
  }

  /** The newest map of the program that is read. */
  get map(): ProgramMap | undefined {
    return this.#map;
  }

  /** Sections left out: too long, cut off, or with a wrong CRC. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Takes the payload of one packet of a PID with tables; borrowed. */
  push(pid: number, payload: Uint8Array, options: { isUnitStart: boolean }): void {
    let reader = this.#readers.get(pid);
    if (reader === undefined) this.#readers.set(pid, reader = new SectionReader(this));
    reader.push(payload, options);
  }

  /** Takes the programs and names of other tables of the same input over. */
  adopt(other: ProgramTables): void {
    this.#programs = [...other.#programs];
    this.#services = other.#services;
    this.#associationVersion = other.#associationVersion;
  }

  /** The map in force is this one, as at another place of the input; sections that come are new again. */
  restore(map: ProgramMap | undefined): void {
    this.#map = map;
    this.#crcs.clear();
    for (const reader of this.#readers.values()) reader.reset();
  }

  /** Packets of `pid` were lost. */
  noteLoss(pid: number): void {
    this.#readers.get(pid)?.reset();
  }

  /** Counts a section that was left out. */
  dropSection(): void {
    this.#malformed++;
  }

  /** Reads a section, if it is new. */
  takeSection(bytes: Uint8Array): void {
    try {
      const section = decodeSection(bytes);
      if (!section.isCurrent || this.#isKnown(section)) return;
      if (section.tableId === TABLE_ID.ProgramAssociation) this.#takeAssociation(section);
      else if (section.tableId === TABLE_ID.ProgramMap) this.#takeMap(section);
      else if (section.tableId === TABLE_ID.ServiceDescription) this.#takeServices(section);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#malformed++;
    }
  }

  #isKnown(section: Section): boolean {
    if (this.#crcs.get(keyOf(section)) === section.crc) return true;
    if (this.#crcs.size >= MAX_REMEMBERED_SECTIONS) this.#crcs.clear();
    this.#crcs.set(keyOf(section), section.crc);
    return false;
  }

  /** Sections of one version add up; a new version starts anew. */
  #takeAssociation(section: Section): void {
    if (this.#associationVersion !== section.version) this.#programs = [];
    this.#associationVersion = section.version;
    for (const place of decodeProgramAssociation(section)) {
      const at = this.#programs.findIndex(({ programNumber }) => programNumber === place.programNumber);
      if (at >= 0) this.#programs[at] = place;
      else if (this.#programs.length < MAX_TS_PROGRAMS) this.#programs.push(place);
    }
    const pids = new Set(this.#programs.map(({ mapPid }) => mapPid));
    for (const pid of this.#readers.keys()) {
      if (pid !== TS_PID.ProgramAssociation && pid !== TS_PID.ServiceDescription && !pids.has(pid)) {
        this.#readers.delete(pid);
      }
    }
    // maps that were in force may not be any more
    for (const key of this.#crcs.keys()) if (key >>> 24 === TABLE_ID.ProgramMap) this.#crcs.delete(key);
    this.#sink.watchMaps([...pids]);
  }

  #takeMap(section: Section): void {
    const map = decodeProgramMap(section);
    const chosen = this.#wanted ?? this.#chosenAmongThose();
    if (chosen === undefined && map.streams.length === 0) return;
    if (chosen !== undefined && map.programNumber !== chosen) return;
    if (!this.#programs.some(({ programNumber }) => programNumber === map.programNumber)) return;
    this.#map = map;
    this.#sink.takeProgramMap(map);
  }

  #takeServices(section: Section): void {
    const services = decodeServices(section);
    const told = new Set(services.map(({ programNumber }) => programNumber));
    const kept = this.#services.filter(({ programNumber }) => !told.has(programNumber));
    this.#services = [...services, ...kept].slice(0, MAX_TS_PROGRAMS);
  }

  /** The program that is read, as long as the association has it. */
  #chosenAmongThose(): number | undefined {
    const current = this.#map?.programNumber;
    return this.#programs.some(({ programNumber }) => programNumber === current) ? current : undefined;
  }
}

function keyOf({ tableId, tableIdExtension, sectionNumber }: Section): number {
  return tableId << 24 | tableIdExtension << 8 | sectionNumber;
}

/** Each is a few dozen bytes. */
const MAX_REMEMBERED_SECTIONS = 1024;
