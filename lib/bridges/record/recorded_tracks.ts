import { amfMembers, type AmfObject } from "#amf";
import { bytesEqual } from "#bytes";
import { describeTrack } from "#codecs";
import { FormatError, LimitError } from "#errors";
import { decodeScriptData } from "#mediaformats/flv";
import type { MuxTrack, Packet } from "#media";

/** A track as it is known. */
interface TrackState {
  readonly track: MuxTrack;
  /** Whether a media packet of it was seen since the last `restart`. */
  hasStarted: boolean;
}

/** What a packet does to the tracks. */
export type TrackChange =
  /** Nothing: its track is known. */
  | "none"
  /** Its track was not known. */
  | "new"
  /** Codec or configuration differ from what its track had. */
  | "changed";

/** The tracks of a live stream, as its packets tell of them. */
export class RecordedTracks {
  #states: TrackState[] = [];
  #leading: MuxTrack | undefined;
  #metadata: AmfObject | undefined;
  #descriptions: readonly Packet[] = [];

  /** The newest description of each track that has one: colours of HDR, places of channels. */
  get descriptions(): readonly Packet[] {
    return this.#descriptions;
  }

  /** Members of the newest `onMetaData` that could be read. */
  get metadata(): AmfObject | undefined {
    return this.#metadata;
  }

  /** The tracks in the order they appeared. */
  get tracks(): readonly MuxTrack[] {
    return this.#states.map(({ track }) => track);
  }

  /** The tracks that had media since `restart`. */
  get started(): readonly MuxTrack[] {
    return this.#states.filter(({ hasStarted }) => hasStarted).map(({ track }) => track);
  }

  /** The track files begin and end by: the first of video, else the first of all. */
  get leading(): MuxTrack | undefined {
    return this.#leading;
  }

  /** Whether every track that was announced has had media since `restart`. */
  get isComplete(): boolean {
    if (this.#states.length === 0) return false;
    if (!this.#states.every(({ hasStarted }) => hasStarted)) return false;
    const kinds = new Set(this.#states.map(({ track }) => track.kind));
    if (kinds.has("audio") && kinds.has("video")) return true;
    if (this.#metadata === undefined) return false;
    return kinds.has("video") === ("videocodecid" in this.#metadata) &&
      kinds.has("audio") === ("audiocodecid" in this.#metadata);
  }

  /** Another file begins: which tracks go on is to be seen. */
  restart(): void {
    for (const state of this.#states) state.hasStarted = false;
  }

  /** Forgets the tracks that had no media since `restart`: they have ended. */
  dropSilent(): void {
    this.#states = this.#states.filter(({ hasStarted }) => hasStarted);
  }

  /** Which state is this track's, or -1; a loop, as this runs for each packet. */
  #find(kind: Packet["kind"], trackId: number): number {
    for (let at = 0; at < this.#states.length; at++) {
      const { track } = this.#states[at]!;
      if (track.kind === kind && track.trackId === trackId) return at;
    }
    return -1;
  }

  #put(at: number, state: TrackState): void {
    this.#states[at] = state;
    this.#leading = this.tracks.find(({ kind }) => kind === "video") ?? this.tracks[0];
  }

  /** Notes what a packet tells. */
  take(packet: Packet): TrackChange {
    if (packet.kind === "data") {
      if (packet.role === "metadata") this.#metadata = membersOf(packet) ?? this.#metadata;
      return "none";
    }
    if (packet.role === "description") {
      this.#descriptions = [...this.#descriptions.filter((one) => !isOfTrack(one, packet)), packet];
    }
    if (packet.role !== "media" && packet.role !== "config") return "none";
    const { kind, trackId, codec, role } = packet;
    const at = this.#find(kind, trackId);
    const known = this.#states[at];
    const hasStarted = role === "media";
    if (known === undefined) {
      this.#put(this.#states.length, { track: trackOf(packet), hasStarted });
      return "new";
    }
    if (known.track.codec !== codec) {
      // what described another codec holds no more
      this.#descriptions = this.#descriptions.filter((one) => !isOfTrack(one, packet) || one.codec === codec);
      this.#put(at, { track: trackOf(packet), hasStarted });
      return "changed";
    }
    if (hasStarted) {
      known.hasStarted = true;
      return "none";
    }
    const config = known.track.codecConfig;
    if (config !== undefined && bytesEqual(config, packet.payload)) return "none";
    this.#put(at, { track: trackOf(packet), hasStarted: known.hasStarted });
    // media before its first configuration could not be played anyway
    return config === undefined ? "new" : "changed";
  }
}

function isOfTrack(one: Packet, other: Packet): boolean {
  return one.kind === other.kind && one.trackId === other.trackId;
}

function trackOf(packet: Packet): MuxTrack {
  const { kind, trackId, codec, role, payload } = packet;
  const description = describeTrack(packet);
  const { width, height, sampleRate, channels, codecString } = description;
  return {
    kind,
    trackId,
    codec,
    ...(role === "config" ? { codecConfig: payload } : {}),
    ...(codecString === codec ? {} : { description }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(sampleRate === undefined ? {} : { sampleRate }),
    ...(channels === undefined ? {} : { channels }),
  };
}

function membersOf(packet: Packet): AmfObject | undefined {
  try {
    return amfMembers(decodeScriptData(packet.payload).values[0]);
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}
