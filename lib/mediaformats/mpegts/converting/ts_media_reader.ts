import type { MediaPacket, MediaTrack } from "#media";
import { TsReader, type TsReaderOptions } from "../reading/ts_reader.ts";
import type { TsAccessUnit } from "../units/access_unit.ts";
import { MediaStream } from "./media_stream.ts";

/**
 * Reads the packets of one program from a transport stream that comes in any split: as `TsReader`, whose units it
 * converts. H.264 and H.265 become length-prefixed, AAC raw; their configurations come as packets of their own
 * before the first unit they hold for.
 *
 * ```ts
 * import { TsMediaReader, TsMuxer } from "#mediaformats/mpegts";
 *
 * const muxer = new TsMuxer([{ kind: "audio", trackId: 0, codec: ".mp3" }]);
 * const reader = new TsMediaReader();
 * reader.push(muxer.begin());
 * reader.flush(); // so short a stream is recognised at its end only
 * console.log(reader.tracks[0]?.codecName, reader.tracks[0]?.timescale); // mp3 90000
 * ```
 */
export class TsMediaReader {
  /** What stands below: programs, statistics, clock. */
  readonly reader: TsReader;
  readonly #streams: MediaStream[] = [];

  constructor(options: TsReaderOptions = {}) {
    this.reader = new TsReader(options);
  }

  /** Tracks of the program, as far as they are known now. */
  get tracks(): readonly MediaTrack[] {
    this.#follow();
    return this.#streams.map(({ track }) => track);
  }

  /** Whether a program was found and all that will be known of its tracks is known. */
  get isKnown(): boolean {
    this.#follow();
    return this.#streams.length > 0 && this.#streams.every(({ isKnown }) => isKnown);
  }

  /**
   * Takes more bytes.
   *
   * @param bytes Borrowed until the call returns.
   * @returns Packets that are complete now, in decode order of each track.
   * @throws {FormatError} If the first `MAX_TS_JUNK_BYTES` hold no packet.
   */
  push(bytes: Uint8Array): MediaPacket[] {
    return this.convert(this.reader.push(bytes));
  }

  /** The input has ended, for now: gives out what waited for more. */
  flush(): MediaPacket[] {
    return this.convert(this.reader.flush());
  }

  /** Goes on at another place of the input, as `TsReader.jump`; configurations come again. */
  jump(offset: number, options: { nearTicks?: number | undefined; isPacketStart?: boolean } = {}): void {
    this.reader.jump(offset, options);
    for (const stream of this.#streams) stream.repeatConfig();
  }

  /** Converts units of `reader`, for those who push to it themselves. */
  convert(units: readonly TsAccessUnit[]): MediaPacket[] {
    const packets: MediaPacket[] = [];
    for (const unit of units) {
      const { stream } = unit;
      if (this.#streams[stream.index]?.stream !== stream) this.#follow(stream);
      this.#streams[stream.index]!.convert(unit, packets);
    }
    return packets;
  }

  /** Takes over the streams that are new, and `current`, whose PID may have gone again meanwhile. */
  #follow(current?: TsAccessUnit["stream"]): void {
    for (const stream of this.reader.streams) {
      const known = this.#streams[stream.index];
      if (known === undefined) {
        const trackId = this.#streams.filter((other) => other.stream.kind === stream.kind).length;
        this.#streams[stream.index] = new MediaStream(stream, trackId);
      } else if (current === undefined && known.stream !== stream) {
        known.follow(stream);
      }
    }
    if (current !== undefined) this.#streams[current.index]!.follow(current);
  }
}
