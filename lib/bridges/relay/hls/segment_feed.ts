import { FormatError } from "#errors";
import type { MediaPacket, MediaTrack, Packet, TrackKind } from "#media";
import { encodeMetadata, metadataOfTracks, scriptTagToPacket } from "#mediaformats/flv";
import { Mp4FragmentReader } from "#mediaformats/mp4";
import { TsMediaReader } from "#mediaformats/mpegts";

/** First byte of each transport packet: ISO/IEC 13818-1 section 2.4.3.3. */
const TS_SYNC_BYTE = 0x47;
/** Where the type of a box stands. */
const BOX_TYPE_BYTES = [4, 8] as const;
/** What segments of fragmented MP4 begin with, with or without their header. */
const FIRST_BOXES = new Set(["ftyp", "styp", "moov", "moof", "sidx", "emsg", "prft", "free"]);

/** Makes packets of the segments of one playlist: transport streams, or fragmented MP4 behind a header. */
export class SegmentFeed {
  readonly #kinds: ReadonlySet<TrackKind>;
  readonly #told = new Set<string>();
  readonly #leftOut: (text: string) => void;
  #ts: TsMediaReader | undefined;
  #mp4: Mp4FragmentReader | undefined;
  /** Whose configurations were given out. */
  #tracks: readonly MediaTrack[] = [];

  /**
   * @param kinds What is taken of them.
   * @param leftOut Told once of each track that a stream cannot carry.
   */
  constructor(kinds: readonly TrackKind[], leftOut: (text: string) => void) {
    this.#kinds = new Set(kinds);
    this.#leftOut = leftOut;
  }

  /** Takes the header of the segments that follow: `EXT-X-MAP`. */
  header(bytes: Uint8Array): void {
    this.#mp4 ??= new Mp4FragmentReader();
    this.#mp4.push(bytes);
  }

  /**
   * Takes a whole segment.
   *
   * @throws {FormatError} If it is neither a transport stream nor fragmented MP4.
   */
  segment(bytes: Uint8Array): readonly Packet[] {
    if (bytes.length === 0) return [];
    if (bytes[0] === TS_SYNC_BYTE) {
      const ts = this.#ts ??= new TsMediaReader();
      // what is cut at the end of a segment goes on in the next
      return this.#begun(this.#taken(ts.push(bytes), ts.tracks), ts.tracks);
    }
    if (FIRST_BOXES.has(String.fromCharCode(...bytes.subarray(...BOX_TYPE_BYTES)))) {
      const mp4 = this.#mp4 ??= new Mp4FragmentReader();
      const packets = mp4.push(bytes);
      if (mp4.summary === undefined) {
        throw new FormatError("Cannot read segment of MP4: no header came before it");
      }
      return this.#configured(this.#taken(packets, mp4.summary.tracks), mp4.summary.tracks);
    }
    throw new FormatError("Cannot read segment: it is neither MPEG-TS nor fragmented MP4");
  }

  /** The last packets, after the last segment. */
  flush(): readonly Packet[] {
    return this.#ts === undefined ? [] : this.#taken(this.#ts.flush(), this.#ts.tracks);
  }

  #taken(packets: readonly MediaPacket[], tracks: readonly MediaTrack[]): readonly MediaPacket[] {
    return packets.filter((packet) => this.#isTaken(packet, tracks));
  }

  /** A transport stream brings configurations among its packets: the first of each track is to come before all. */
  #begun(packets: readonly MediaPacket[], tracks: readonly MediaTrack[]): readonly Packet[] {
    if (this.#tracks.length > 0 || packets.length === 0) return packets;
    this.#tracks = tracks;
    const configs = new Map<number, MediaPacket>();
    for (const packet of packets) {
      if (packet.role === "config" && !configs.has(packet.trackIndex)) configs.set(packet.trackIndex, packet);
    }
    const rest = packets.filter((packet) => configs.get(packet.trackIndex) !== packet);
    return this.#introduced([...configs.values()], { rest, tracks });
  }

  /** MP4 has them in its header. */
  #configured(packets: readonly MediaPacket[], tracks: readonly MediaTrack[]): readonly Packet[] {
    if (this.#tracks === tracks || packets.length === 0) return packets;
    const isFirst = this.#tracks.length === 0;
    this.#tracks = tracks;
    const configs = tracks.filter((track) => this.#kinds.has(track.kind) && track.codecConfig !== undefined);
    return this.#introduced(configs.map(configOf), { rest: packets, tracks: isFirst ? tracks : [] });
  }

  #introduced(
    configs: readonly Packet[],
    { rest, tracks }: { readonly rest: readonly Packet[]; readonly tracks: readonly MediaTrack[] },
  ): readonly Packet[] {
    const startUs = [...configs, ...rest].reduce(
      (earliest, { role, dtsUs }) => role === "config" ? earliest : Math.min(earliest, dtsUs),
      Infinity,
    );
    if (startUs === Infinity) return [...configs, ...rest];
    const known = tracks.filter(({ kind, codec }) => this.#kinds.has(kind) && codec !== "unknown");
    const isTold = this.#kinds.has("video") && known.length > 0;
    const metadata = isTold ? [scriptTagToPacket(encodeMetadata(metadataOfTracks(known)), 0)] : [];
    const start = [...metadata, ...configs].map((packet): Packet => ({
      ...packet,
      dtsUs: startUs,
      ptsUs: startUs,
    }));
    return [...start, ...rest];
  }

  #isTaken({ kind, codec, trackIndex }: MediaPacket, tracks: readonly MediaTrack[]): boolean {
    if (!this.#kinds.has(kind)) return false;
    if (codec !== "unknown") return true;
    const name = tracks[trackIndex]?.codecName ?? codec;
    if (!this.#told.has(name)) {
      this.#leftOut(`left out: ${kind} of codec ${name}, which a stream cannot carry`);
    }
    this.#told.add(name);
    return false;
  }
}

function configOf({ kind, trackId, codec, codecConfig }: MediaTrack): Packet {
  return {
    kind,
    trackId,
    codec,
    role: "config",
    isKeyFrame: false,
    dtsUs: 0,
    ptsUs: 0,
    payload: codecConfig!,
  };
}
