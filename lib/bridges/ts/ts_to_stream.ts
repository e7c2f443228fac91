import { LiveTimes, type MediaFeed } from "#bridges/ingest";
import { encodeMetadata, metadataOfTracks, scriptTagToPacket } from "#mediaformats/flv";
import { TsMediaReader } from "#mediaformats/mpegts";
import type { MediaPacket, Packet } from "#media";

/** Most media time held until all tracks of the program are known, in microseconds. */
export const MAX_TRACK_WAIT_US = 2_000_000;
/** Most bytes held meanwhile. */
export const MAX_TRACK_WAIT_BYTES = 4_194_304;

/** Payload type of MPEG-TS in RTP: RFC 3551 section 6. */
const RTP_PAYLOAD_TYPE_MP2T = 33;
const RTP_HEADER_BYTES = 12;
const SYNC_BYTE = 0x47;

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
  readonly #isDatagrams: boolean;
  readonly #times = new LiveTimes();
  /** Packets from before the tracks were known; `undefined` once they are. */
  #held: MediaPacket[] | undefined = [];
  #heldBytes = 0;
  readonly #leftOut = new Set<number>();
  readonly #notices: string[] = [];

  /** @param options `isDatagrams`: each push is one datagram, which may be of RTP. */
  constructor(options: { readonly isDatagrams?: boolean } = {}) {
    this.#isDatagrams = options.isDatagrams ?? false;
  }

  /** Counts of the reader below: losses, damage. */
  get statistics(): TsMediaReader["reader"]["statistics"] {
    return this.#reader.reader.statistics;
  }

  push(bytes: Uint8Array): readonly Packet[] {
    return this.#take(this.#reader.push(this.#isDatagrams ? withoutRtpHeader(bytes) : bytes));
  }

  flush(): readonly Packet[] {
    const last = this.#take(this.#reader.flush());
    return this.#held === undefined ? last : this.#release(this.#held);
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
    if (kind !== "data" && codec !== "unknown") return true;
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

/** MPEG-TS in RTP (RFC 2250), as some senders of UDP have it: the payload of such a datagram. */
function withoutRtpHeader(bytes: Uint8Array): Uint8Array {
  const first = bytes[0];
  if (first === undefined || first >> 6 !== 2 || (bytes[1]! & 0x7f) !== RTP_PAYLOAD_TYPE_MP2T) return bytes;
  const start = RTP_HEADER_BYTES + (first & 0x0f) * 4;
  return bytes[start] === SYNC_BYTE ? bytes.subarray(start) : bytes;
}
