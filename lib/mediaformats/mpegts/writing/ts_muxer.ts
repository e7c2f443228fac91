import { bytesEqual, type ByteWriter } from "#bytes";
import { FormatError } from "#errors";
import type { MediaPacket, Muxer, MuxTrack, Packet, Patch } from "#media";
import { TS_PACKET_BYTES, TS_TIMESCALE } from "../limits.ts";
import { type Descriptor, DESCRIPTOR_TAG } from "../psi/descriptor.ts";
import { decodeSection } from "../psi/tables.ts";
import { AudioGroup } from "./audio_group.ts";
import { type ElementaryForm, newElementaryForm } from "./elementary_form.ts";
import type { TsResumePoint } from "./resume.ts";
import { type OutgoingPes, type OutgoingPid, pesPacketCount, writeClock, writePes } from "./pes_writer.ts";
import {
  encodeProgramAssociation,
  encodeProgramMap,
  encodeService,
  sectionPacketCount,
  writeSection,
  WRITTEN_PROGRAM,
} from "./table_writer.ts";

/** How a stream is written. */
export interface TsMuxerOptions {
  /**
   * How far the clock is behind decoding times, in ticks of 90 kHz: what a receiver may buffer.
   * @default {63_000}
   */
  readonly clockDelayTicks?: number;
  /** Added to all times, in ticks of 90 kHz. @default {0} */
  readonly timeOffsetTicks?: number;
  /** Longest time between two repetitions of the program tables, in ticks of 90 kHz. @default {45_000} */
  readonly tableIntervalTicks?: number;
  /**
   * Frames of audio that follow each other without a gap go into one PES packet up to this length, in ticks of
   * 90 kHz: less overhead, more delay, and times exact to a tick. @default {0}
   */
  readonly audioPesTicks?: number;
  /**
   * The muxer whose stream goes on with other tracks: versions of the tables and continuity counters follow its own.
   * @default a stream of its own
   */
  readonly after?: TsMuxer;
  /** The file that is gone on with. @default a file of its own */
  readonly resume?: TsResumePoint;
  /** Names the program for receivers; without it there is no service description. */
  readonly service?: { readonly name: string; readonly provider?: string };
}

/** transport_stream_id and PIDs as most writers have them. */
const TRANSPORT_STREAM_ID = 1;
const FIRST_STREAM_PID = 0x100;
/** PIDs between streams and the map, which no file needs. */
const MAX_TRACKS = 256;
const SERVICE_PID = 0x11;
/** stream_id: ISO/IEC 13818-1 table 2-22. */
const STREAM_ID = { Private: 0xbd, Audio: 0xc0, Video: 0xe0 } as const;
/** Stream ids of one kind. */
const AUDIO_STREAM_IDS = 32;
const VIDEO_STREAM_IDS = 16;
/** The clock comes at least this often, with room under the 100 ms of section 2.7.2. */
const CLOCK_INTERVAL_TICKS = 7200;
/** Half a second: ETSI TR 101 290 section 5.2.1 has it as the longest. */
const TABLE_INTERVAL_TICKS = 45_000;
const CLOCK_DELAY_TICKS = 63_000;

/** What carries the clock, where there is one of it. */
const CLOCK_KINDS = ["video", "audio", "data"] as const;

/** One track as it is written. */
interface OutgoingTrack extends OutgoingPid {
  readonly track: MuxTrack;
  readonly form: ElementaryForm;
  readonly streamId: number;
  /** Audio that waits for more. */
  group: AudioGroup | undefined;
}

/** What goes into one PES packet. */
interface OutgoingUnit {
  readonly outgoing: OutgoingTrack;
  readonly dtsTicks: number;
  readonly ptsTicks: number;
  readonly isKeyVideo: boolean;
  readonly pieces: readonly Uint8Array[];
}

/** A PES packet and what comes before it. */
interface Plan {
  readonly pes: OutgoingPes;
  readonly hasTables: boolean;
  /** A packet with the clock alone. */
  readonly clockTicks: number | undefined;
  /** Of all of it. */
  readonly bytes: number;
}

/**
 * Writes MPEG-TS: ISO/IEC 13818-1. Each `write` gives whole packets, so that the bytes are a live stream, segments
 * and files alike; a segment begins with `tables`.
 *
 * H.264 and H.265 get delimiters, and parameter sets before each key frame; AAC gets ADTS headers. Times are those
 * of the packets modulo 2^33, exact where ticks of 90 kHz are given; the clock runs `clockDelayTicks` behind them.
 * The tables come before each key frame and twice a second.
 *
 * ```ts
 * import { TS_PACKET_BYTES, TsMuxer } from "#mediaformats/mpegts";
 *
 * const codecConfig = new Uint8Array([0x12, 0x10]);
 * const muxer = new TsMuxer([{ kind: "audio", trackId: 0, codec: "mp4a", codecConfig, language: "eng" }]);
 * const packet = { kind: "audio", trackId: 0, codec: "mp4a", role: "media", isKeyFrame: true } as const;
 * console.log(muxer.begin().length / TS_PACKET_BYTES); // 2
 * const bytes = muxer.write({ ...packet, dtsUs: 0, ptsUs: 0, payload: new Uint8Array(200) });
 * console.log(bytes.length / TS_PACKET_BYTES); // 2
 * ```
 */
export class TsMuxer implements Muxer {
  readonly #tracks: readonly OutgoingTrack[];
  /** The track whose packets carry the clock. */
  readonly #clockTrack: OutgoingTrack;
  readonly #clockDelayTicks: number;
  readonly #timeOffsetTicks: number;
  readonly #tableIntervalTicks: number;
  readonly #audioPesTicks: number;
  readonly #sections: readonly { readonly section: Uint8Array; readonly to: OutgoingPid }[];
  readonly #tablesBytes: number;
  /** version_number of the program map, 0 to 31. */
  readonly #version: number;
  #lastClock = -Infinity;
  #lastTables = -Infinity;
  /** Whether tables were given out and no packet since. */
  #areTablesFresh = false;

  /**
   * @param tracks At least one; the first of video carries the clock, else of audio.
   * @throws {FormatError} If MPEG-TS cannot hold a track, or its configuration is malformed.
   */
  constructor(tracks: readonly MuxTrack[], options: TsMuxerOptions = {}) {
    this.#tracks = tracks.map(newOutgoingTrack);
    const clockTrack = CLOCK_KINDS.map((kind) => this.#tracks.find(({ track }) => track.kind === kind))
      .find((track) => track !== undefined);
    if (clockTrack === undefined || tracks.length > MAX_TRACKS) {
      throw new FormatError(`Cannot write MPEG-TS: ${tracks.length} tracks, needs 1 to ${MAX_TRACKS}`);
    }
    this.#clockTrack = clockTrack;
    this.#clockDelayTicks = options.clockDelayTicks ?? CLOCK_DELAY_TICKS;
    this.#timeOffsetTicks = options.timeOffsetTicks ?? 0;
    this.#tableIntervalTicks = options.tableIntervalTicks ?? TABLE_INTERVAL_TICKS;
    this.#audioPesTicks = options.audioPesTicks ?? 0;
    const { after, resume, service } = options;
    const sections = (version: number) =>
      sectionsOf(this.#tracks, { clockPid: clockTrack.pid, service, version });
    this.#version = after === undefined ? 0 : after.#version + 1 & 0x1f;
    if (resume !== undefined) {
      const { version } = decodeSection(resume.map);
      const isSame = bytesEqual(sections(version).at(-1)!.section, resume.map);
      this.#version = isSame ? version : version + 1 & 0x1f;
    }
    this.#sections = sections(this.#version);
    if (after !== undefined) this.#goOn(after);
    if (resume !== undefined) {
      for (const to of [...this.#tracks, ...this.#sections.map(({ to }) => to)]) {
        to.counter = resume.counters.get(to.pid) ?? 0;
      }
    }
    const packets = this.#sections.reduce((sum, { section }) => sum + sectionPacketCount(section), 0);
    this.#tablesBytes = packets * TS_PACKET_BYTES;
  }

  /** Takes over what receivers know of each PID. */
  #goOn(after: TsMuxer): void {
    const earlier = [...after.#tracks, ...after.#sections.map(({ to }) => to)];
    for (const to of [...this.#tracks, ...this.#sections.map(({ to }) => to)]) {
      to.counter = earlier.find(({ pid }) => pid === to.pid)?.counter ?? 0;
    }
    this.#lastClock = after.#lastClock;
  }

  /** The program tables, as a stream begins with; for the caller to own. */
  begin(): Uint8Array {
    return this.tables();
  }

  /** The program tables, as a segment begins with, at any time; for the caller to own. */
  tables(): Uint8Array {
    const out = new Uint8Array(this.#tablesBytes);
    this.#writeTables(out, 0);
    this.#areTablesFresh = true;
    return out;
  }

  /**
   * The program tables for a receiver that joins now: the next ones in the stream go on from them. Nothing changes.
   *
   * @returns For the caller to own.
   */
  joiningTables(): Uint8Array {
    const out = new Uint8Array(this.#tablesBytes);
    let at = 0;
    for (const { section, to } of this.#sections) {
      const counter = to.counter - sectionPacketCount(section) & 0x0f;
      at = writeSection(out, at, section, { pid: to.pid, counter });
    }
    return out;
  }

  /**
   * Takes one packet; see `Muxer.write`.
   *
   * @returns Whole packets, for the caller to own; none for a configuration, for audio that is gathered, and for
   *   what MPEG-TS has no place for.
   * @throws {FormatError} If the payload is malformed, of an unknown track, or its configuration has not come.
   */
  write(packet: Packet | MediaPacket): Uint8Array {
    return this.#emit(this.#take(packet));
  }

  /** As `write`, into `writer`. */
  writeInto(packet: Packet | MediaPacket, writer: ByteWriter): void {
    this.#emit(this.#take(packet), writer);
  }

  /** The audio that was gathered; for the caller to own. A segment ends with it, too. */
  flush(): Uint8Array {
    return this.#emit(this.#takeDueGroups(Infinity));
  }

  /** The audio that was gathered; nothing changes. */
  end(): { readonly append: Uint8Array; readonly patches: readonly Patch[] } {
    return { append: this.flush(), patches: [] };
  }

  /** What is written of a packet, and before it, now. */
  #take(packet: Packet | MediaPacket): readonly OutgoingUnit[] {
    if (packet.role !== "media" && packet.role !== "config") return NO_UNITS;
    const outgoing = this.#tracks.find(({ track }) =>
      track.kind === packet.kind && track.trackId === packet.trackId
    );
    if (outgoing === undefined) {
      throw new FormatError(`Cannot write packet: there is no ${packet.kind} track ${packet.trackId}`);
    }
    if (packet.role === "media") return this.#takeMedia(outgoing, packet);
    outgoing.form.configure(packet.payload);
    return NO_UNITS;
  }

  #takeMedia(outgoing: OutgoingTrack, packet: Packet | MediaPacket): readonly OutgoingUnit[] {
    const { track, form } = outgoing;
    const times = this.#ticksOf(packet, track);
    const isKeyVideo = track.kind === "video" && packet.isKeyFrame;
    const pieces = form.piecesOf(packet.payload, { isKeyFrame: isKeyVideo });
    const due = this.#takeDueGroups(times.dtsTicks);
    const durationTicks = this.#audioPesTicks > 0 ? form.durationTicksOf(packet.payload) : 0;
    if (durationTicks === 0) return [...due, { outgoing, ...times, isKeyVideo, pieces }];
    const group = outgoing.group;
    if (group?.add(pieces, { ...times, durationTicks }) === true) return due;
    outgoing.group = new AudioGroup(pieces, { ...times, durationTicks });
    return group === undefined ? due : [...due, unitOf(outgoing, group)];
  }

  /** Takes the groups that began so long before `dtsTicks` that they cannot wait. */
  #takeDueGroups(dtsTicks: number): OutgoingUnit[] {
    const due: OutgoingUnit[] = [];
    for (const outgoing of this.#tracks) {
      const { group } = outgoing;
      if (group === undefined || dtsTicks - group.ptsTicks < this.#audioPesTicks) continue;
      outgoing.group = undefined;
      due.push(unitOf(outgoing, group));
    }
    return due;
  }

  /** Writes units as PES packets, tables and clock between them where they are due, into one array or `writer`. */
  #emit(units: readonly OutgoingUnit[], writer?: ByteWriter): Uint8Array {
    if (units.length === 0) return EMPTY;
    const plans = units.map((unit) => this.#plan(unit));
    const bytes = plans.reduce((sum, { bytes }) => sum + bytes, 0);
    const out = writer === undefined ? new Uint8Array(bytes) : writer.span(bytes);
    let at = 0;
    for (const { pes, hasTables, clockTicks } of plans) {
      if (hasTables) at = this.#writeTables(out, at);
      if (clockTicks !== undefined) at = writeClock(out, at, this.#clockTrack, clockTicks);
      at = writePes(out, at, pes);
    }
    return out;
  }

  /** Decides what comes with a unit. */
  #plan(unit: OutgoingUnit): Plan {
    const { outgoing, dtsTicks, ptsTicks, isKeyVideo, pieces } = unit;
    const isOnClockTrack = outgoing === this.#clockTrack;
    const clock = this.#clockFor(dtsTicks);
    const pes: OutgoingPes = {
      to: outgoing,
      streamId: outgoing.streamId,
      ptsTicks,
      dtsTicks,
      clockTicks: isOnClockTrack ? clock : undefined,
      isRandomAccess: isOnClockTrack && (isKeyVideo || outgoing.track.kind === "audio"),
      pieces,
    };
    // times that go back by far are a new stream
    const hasTables = !this.#areTablesFresh &&
      (isKeyVideo || Math.abs(dtsTicks - this.#lastTables) >= this.#tableIntervalTicks);
    const needsClock = !isOnClockTrack && clock !== undefined &&
      clock - this.#lastClock >= CLOCK_INTERVAL_TICKS;
    if (hasTables || this.#areTablesFresh) this.#lastTables = dtsTicks;
    if (needsClock || pes.clockTicks !== undefined) this.#lastClock = clock!;
    this.#areTablesFresh = false;
    const bytes = (pesPacketCount(pes) + (needsClock ? 1 : 0)) * TS_PACKET_BYTES +
      (hasTables ? this.#tablesBytes : 0);
    return { pes, hasTables, clockTicks: needsClock ? clock : undefined, bytes };
  }

  /** The clock at a decoding time; `undefined` if another track's has passed it already. */
  #clockFor(dtsTicks: number): number | undefined {
    const clock = dtsTicks - this.#clockDelayTicks;
    // times that go back by far are a new stream
    return clock > this.#lastClock || clock < this.#lastClock - TS_TIMESCALE ? clock : undefined;
  }

  #ticksOf(packet: Packet | MediaPacket, track: MuxTrack): { dtsTicks: number; ptsTicks: number } {
    const offset = this.#timeOffsetTicks;
    if (track.timescale === undefined || !("dtsTicks" in packet)) {
      return {
        dtsTicks: Math.round(packet.dtsUs * 9 / 100) + offset,
        ptsTicks: Math.round(packet.ptsUs * 9 / 100) + offset,
      };
    }
    const { timescale } = track;
    return {
      dtsTicks: Math.round(packet.dtsTicks * TS_TIMESCALE / timescale) + offset,
      ptsTicks: Math.round(packet.ptsTicks * TS_TIMESCALE / timescale) + offset,
    };
  }

  #writeTables(out: Uint8Array, start: number): number {
    let at = start;
    for (const { section, to } of this.#sections) at = writeSection(out, at, section, to);
    return at;
  }
}

const EMPTY = new Uint8Array(0);
const NO_UNITS: readonly OutgoingUnit[] = [];

function unitOf(outgoing: OutgoingTrack, { ptsTicks, pieces }: AudioGroup): OutgoingUnit {
  return { outgoing, dtsTicks: ptsTicks, ptsTicks, isKeyVideo: false, pieces };
}

function newOutgoingTrack(track: MuxTrack, index: number): OutgoingTrack {
  const form = newElementaryForm(track);
  const streamId = track.kind === "video"
    ? STREAM_ID.Video + track.trackId % VIDEO_STREAM_IDS
    : form.isPrivate
    ? STREAM_ID.Private
    : STREAM_ID.Audio + track.trackId % AUDIO_STREAM_IDS;
  return { track, form, streamId, pid: FIRST_STREAM_PID + index, counter: 0, group: undefined };
}

/** PAT, SDT and PMT, with the PIDs they go to. */
function sectionsOf(
  tracks: readonly OutgoingTrack[],
  options: { clockPid: number; service: TsMuxerOptions["service"]; version: number },
): { section: Uint8Array; to: OutgoingPid }[] {
  const { clockPid, service, version } = options;
  const { programNumber, mapPid } = WRITTEN_PROGRAM;
  const transportStreamId = TRANSPORT_STREAM_ID;
  const map = encodeProgramMap({
    programNumber,
    pcrPid: clockPid,
    descriptors: [],
    streams: tracks.map(({ track, form, pid }) => ({
      pid,
      streamType: form.streamType,
      descriptors: [...form.descriptors, ...languageDescriptors(track.language)],
    })),
  }, { version });
  const sections = [{
    section: encodeProgramAssociation([WRITTEN_PROGRAM], { transportStreamId }),
    to: { pid: 0, counter: 0 },
  }];
  if (service !== undefined) {
    const { name, provider = "" } = service;
    const hasVideo = tracks.some(({ track }) => track.kind === "video");
    const described = { programNumber, name, provider };
    sections.push({
      section: encodeService(described, { transportStreamId, hasVideo }),
      to: { pid: SERVICE_PID, counter: 0 },
    });
  }
  sections.push({ section: map, to: { pid: mapPid, counter: 0 } });
  return sections;
}

/** ISO_639_language_descriptor, audio type undefined: ISO/IEC 13818-1 section 2.6.18. */
function languageDescriptors(language: string | undefined): Descriptor[] {
  if (language === undefined || !/^[a-z]{3}$/i.test(language)) return [];
  const letters = Array.from(language, (letter) => letter.charCodeAt(0));
  return [{ tag: DESCRIPTOR_TAG.Language, body: new Uint8Array([...letters, 0]) }];
}
