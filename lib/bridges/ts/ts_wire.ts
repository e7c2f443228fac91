import { bytesEqual, concatBytes } from "#bytes";
import { describeTrack } from "#codecs";
import { FormatError, LimitError } from "#errors";
import { splitTracks } from "#mediaformats/flv";
import { canWriteTs, TsMuxer } from "#mediaformats/mpegts";
import { type CodecId, isScript, type MuxTrack, type Packet } from "#media";
import type { StreamHeader, WireFormat } from "#streaming";

/** Added to all times, in ticks of 90 kHz: the clock runs behind and must not begin before 0. */
const TIME_OFFSET_TICKS = 126_000;
/** Codecs whose packets say all there is to know. */
const SELF_DESCRIBING: ReadonlySet<CodecId> = new Set([".mp3", "ac-3", "ec-3", "klv"]);
const NOTHING = new Uint8Array(0);
/** A viewer starts at the newest place it can: half a minute of tables is more than is looked back. */
const MAX_TABLE_TIMES = 64;

/**
 * MPEG-TS for live viewers: whole packets of 188 bytes. The program tables come before each key frame, so a viewer
 * can start there; tracks that appear or change later make new tables of the next version.
 */
export class TsWire implements WireFormat {
  readonly key: string = "ts";
  readonly isCommon = true;
  #tracks: MuxTrack[] = [];
  #muxer: TsMuxer | undefined;
  /** The tracks are others than those of the muxer. */
  #isStale = false;
  #packet: Packet | undefined;
  #bytes: Uint8Array = NOTHING;
  /** Times of the newest packets that begin with tables. */
  readonly #tableTimesUs: number[] = [];
  #malformedPackets = 0;

  /** Packets that were left out because they do not follow their format, or their configuration has not come. */
  get malformedPackets(): number {
    return this.#malformedPackets;
  }

  follow(header: StreamHeader): void {
    // another publisher: nothing is known
    if (header.configs.length === 0 && !header.hasAudio && !header.hasVideo) this.#tracks = [];
    for (const config of header.configs) this.#learn(config);
  }

  /** Script data has no place in a transport stream, and is no track that is missing. */
  carries(packet: Packet): boolean {
    return isScript(packet) || canWriteTs(packet.codec);
  }

  encodedBytes(packet: Packet): number {
    if (packet === this.#packet) return this.#bytes.length;
    this.#packet = packet;
    this.#bytes = isScript(packet) ? NOTHING : this.#mux(packet);
    if (startsWithTables(this.#bytes)) this.#noteTables(packet.dtsUs);
    return this.#bytes.length;
  }

  encodeInto(target: Uint8Array, offset: number, packet: Packet): void {
    this.encodedBytes(packet);
    target.set(this.#bytes, offset);
    this.#bytes = NOTHING;
    this.#packet = undefined;
  }

  /** Tables, unless they stand before the first packet itself, as they do before each key frame. */
  prelude(_header: StreamHeader, { dtsUs }: { dtsUs: number }): Uint8Array {
    if (this.#muxer === undefined || this.#tableTimesUs.includes(dtsUs)) return NOTHING;
    return this.#muxer.joiningTables();
  }

  #noteTables(dtsUs: number): void {
    this.#tableTimesUs.push(dtsUs);
    if (this.#tableTimesUs.length > MAX_TABLE_TIMES) this.#tableTimesUs.shift();
  }

  #mux(packet: Packet): Uint8Array {
    const parts = packet.flvTagBody === undefined ? [packet] : splitTracks(packet);
    if (parts.length === 1) return this.#muxOne(parts[0]!);
    return concatBytes(parts.filter(({ codec }) => canWriteTs(codec)).map((part) => this.#muxOne(part)));
  }

  #muxOne(packet: Packet): Uint8Array {
    if (packet.role === "config") this.#learn(packet);
    if (packet.role !== "media") return NOTHING;
    if (this.#trackOf(packet) === undefined) {
      if (SELF_DESCRIBING.has(packet.codec)) this.#learn(packet);
      if (this.#trackOf(packet) === undefined) return this.#leaveOut();
    }
    try {
      return this.#currentMuxer().write(packet);
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
      return this.#leaveOut();
    }
  }

  #leaveOut(): Uint8Array {
    this.#malformedPackets++;
    return NOTHING;
  }

  #currentMuxer(): TsMuxer {
    if (this.#muxer === undefined || this.#isStale) {
      const after = this.#muxer;
      this.#muxer = new TsMuxer(this.#tracks, {
        timeOffsetTicks: TIME_OFFSET_TICKS,
        ...(after === undefined ? {} : { after }),
      });
      this.#isStale = false;
    }
    return this.#muxer;
  }

  #trackOf({ kind, trackId, codec }: Packet): MuxTrack | undefined {
    return this.#tracks.find((track) =>
      track.kind === kind && track.trackId === trackId && track.codec === codec
    );
  }

  /** Notes the track that a packet tells of, if it can be written. */
  #learn(packet: Packet): void {
    if (!canWriteTs(packet.codec)) return;
    const { kind, trackId, codec } = packet;
    const known = this.#trackOf(packet);
    const config = packet.role === "config" ? packet.payload : undefined;
    if (known !== undefined && (config === undefined || isSame(known.codecConfig, config))) return;
    const track = trackOf(packet);
    if (!canBeWritten(track)) return void this.#malformedPackets++;
    const at = this.#tracks.findIndex((other) => other.kind === kind && other.trackId === trackId);
    // the tables tell the channels of Opus; all else comes with the access units
    if (known !== undefined && codec !== "Opus" && !this.#isStale) this.#muxer?.write(packet);
    else this.#isStale = true;
    if (at < 0) this.#tracks.push(track);
    else this.#tracks[at] = track;
  }
}

/** Whether the first packet is of PID 0, the program association. */
function startsWithTables(bytes: Uint8Array): boolean {
  return bytes.length > 0 && (bytes[1]! & 0x1f) === 0 && bytes[2] === 0;
}

function trackOf(packet: Packet): MuxTrack {
  const { kind, trackId, codec, role, payload } = packet;
  const { sampleRate, channels } = describeTrack(packet);
  return {
    kind,
    trackId,
    codec,
    ...(role === "config" ? { codecConfig: payload } : {}),
    ...(sampleRate === undefined ? {} : { sampleRate }),
    ...(channels === undefined ? {} : { channels }),
  };
}

function canBeWritten(track: MuxTrack): boolean {
  try {
    return new TsMuxer([track]) !== undefined;
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return false;
    throw error;
  }
}

function isSame(known: Uint8Array | undefined, config: Uint8Array): boolean {
  return known !== undefined && bytesEqual(known, config);
}
