import { LiveTimes, type MediaFeed } from "#bridges/ingest";
import type { Clock } from "#clock";
import { encodeMetadata, metadataOfTracks, scriptTagToPacket } from "#mediaformats/flv";
import { TsMediaReader } from "#mediaformats/mpegts";
import type { MediaPacket, Packet } from "#media";
import { RtpDatagramReader } from "./rtp_datagrams.ts";

/** Most media time held until all tracks of the program are known, in microseconds. */
export const MAX_TRACK_WAIT_US = 2_000_000;
/** Most bytes held meanwhile. */
export const MAX_TRACK_WAIT_BYTES = 4_194_304;

/**
 * Makes packets of a live transport stream, in any split: of the first program, the audio and video that a stream
 * can carry. Times begin at 0.
 *
 * Packets are held until the tracks are known, two seconds at most, so that metadata can announce them and a player
 * that is there from the start waits for neither.
 */
export class TsToStream implements MediaFeed {
  readonly protocol = "ts";
  readonly streamName = undefined;
  readonly #reader = new TsMediaReader();
  /** Takes datagrams apart; `undefined` where the bytes come as one stream. */
  readonly #datagrams: RtpDatagramReader | undefined;
  readonly #times = new LiveTimes();
  /** Packets from before the tracks were known; `undefined` once they are. */
  #held: MediaPacket[] | undefined = [];
  #heldBytes = 0;
  readonly #leftOut = new Set<number>();
  readonly #notices: string[] = [];

  /** @param options `datagramClock`: each push is one datagram, which may be of RTP; tells how long one is late. */
  constructor(options: { readonly datagramClock?: Pick<Clock, "nowMs"> } = {}) {
    const { datagramClock } = options;
    if (datagramClock !== undefined) this.#datagrams = new RtpDatagramReader(datagramClock);
  }

  /** Counts of the reader below: losses, damage. */
  get statistics(): TsMediaReader["reader"]["statistics"] {
    return this.#reader.reader.statistics;
  }

  push(bytes: Uint8Array): readonly Packet[] {
    if (this.#datagrams === undefined) return this.#take(this.#reader.push(bytes));
    return this.#datagrams.push(bytes).flatMap((piece) => this.#take(this.#reader.push(piece)));
  }

  flush(): readonly Packet[] {
    const late = this.#datagrams?.flush() ?? [];
    const last = [
      ...late.flatMap((piece) => this.#take(this.#reader.push(piece))),
      ...this.#take(this.#reader.flush()),
    ];
    return this.#held === undefined ? last : [...last, ...this.#release(this.#held)];
  }

  notices(): readonly string[] {
    return this.#notices.splice(0);
  }

  #take(packets: readonly MediaPacket[]): readonly Packet[] {
    const carried = packets.filter((packet) => this.#isCarried(packet));
    if (this.#held === undefined) return carried.map((packet) => this.#times.place(packet));
    for (const packet of carried) {
      this.#held.push(packet);
      this.#heldBytes += packet.payload.length;
    }
    return this.#mayBegin(this.#held) ? this.#release(this.#held) : [];
  }

  #mayBegin(held: readonly MediaPacket[]): boolean {
    if (held.length === 0) return false;
    if (this.#reader.isKnown) return true;
    const heldUs = held.at(-1)!.dtsUs - held[0]!.dtsUs;
    return Math.abs(heldUs) >= MAX_TRACK_WAIT_US || this.#heldBytes >= MAX_TRACK_WAIT_BYTES;
  }

  /** Metadata and configurations of all tracks, then what was held. */
  #release(held: readonly MediaPacket[]): readonly Packet[] {
    this.#held = undefined;
    if (held.length === 0) return [];
    const startUs = held.reduce((earliest, { dtsUs }) => Math.min(earliest, dtsUs), Infinity);
    this.#times.begin(startUs);
    const { tracks } = this.#reader;
    const known = tracks.filter(({ kind, codec }) => kind !== "data" && codec !== "unknown");
    const metadata = scriptTagToPacket(encodeMetadata(metadataOfTracks(known)), 0);
    // the first of each track, so that players and recorders know all tracks before the first key frame
    const configs = new Map<number, MediaPacket>();
    for (const packet of held) {
      if (packet.role === "config" && !configs.has(packet.trackIndex)) configs.set(packet.trackIndex, packet);
    }
    const start = [...configs.values()].map((config) => ({ ...config, dtsUs: startUs, ptsUs: startUs }));
    const rest = held.filter((packet) => configs.get(packet.trackIndex) !== packet);
    return [metadata, ...[...start, ...rest].map((packet) => this.#times.place(packet))];
  }

  /** Whether a stream can carry the track; says once which it cannot. */
  #isCarried({ kind, codec, trackIndex }: MediaPacket): boolean {
    if (codec !== "unknown") return true;
    if (!this.#leftOut.has(trackIndex)) {
      this.#leftOut.add(trackIndex);
      const track = this.#reader.tracks[trackIndex];
      this.#notices.push(
        `left out: ${track?.kind ?? kind} of codec ${track?.codecName ?? codec} (PID ${
          track?.containerTrackId ?? "unknown"
        }), which a stream cannot carry`,
      );
    }
    return false;
  }
}
