import { bytesEqual } from "#bytes";
import { FormatError } from "#errors";
import type { MediaPacket, MuxTrack, Packet } from "#media";
import { checkMp4Codec, needsFirstFrame, type SampleEntry, sampleEntryOf } from "../entries/sample_entry.ts";
import type { Sample } from "../write/sample.ts";
import { TrackClock } from "./track_clock.ts";

/** One track that is being written: what its header says, and the samples that are gathered. */
export class TrackInput {
  /** track_ID, from 1. */
  readonly containerTrackId: number;
  /** Samples not yet written, in decode order. */
  samples: Sample[] = [];
  #track: MuxTrack;
  #entry: SampleEntry | undefined;
  #clock: TrackClock | undefined;
  readonly #timeOffsetUs: number;

  /**
   * @param track As the caller told of it; kept.
   * @param place Its track_ID, and what is added to its times, in microseconds.
   * @throws {FormatError} If MP4 cannot hold the track.
   */
  constructor(
    track: MuxTrack,
    place: { readonly containerTrackId: number; readonly timeOffsetUs: number },
  ) {
    this.#track = track;
    this.containerTrackId = place.containerTrackId;
    this.#timeOffsetUs = place.timeOffsetUs;
    checkMp4Codec(track);
    if (!needsFirstFrame(track)) this.#entry = sampleEntryOf(track);
  }

  /** The track as it is written. */
  get track(): MuxTrack {
    return this.#track;
  }

  /** What the sample entry says; with what the first packet told, if there was one. */
  get entry(): SampleEntry {
    return this.#entry ??= sampleEntryOf(this.#track);
  }

  /** Gives times. */
  get clock(): TrackClock {
    return this.#clock ??= new TrackClock(this.entry, { timeOffsetUs: this.#timeOffsetUs });
  }

  /**
   * Takes a packet of role `config`.
   *
   * @throws {FormatError} If it is not the configuration the track is written with.
   */
  configure(packet: Packet): void {
    const { kind, trackId, codecConfig } = this.#track;
    if (codecConfig === undefined && this.#entry === undefined) {
      this.#track = { ...this.#track, codecConfig: packet.payload };
    } else if (codecConfig === undefined || !bytesEqual(codecConfig, packet.payload)) {
      throw new FormatError(`Cannot write ${kind} track ${trackId}: its codec configuration changed`);
    }
  }

  /** Gives a packet of role `media` its times; does not gather it. */
  sampleOf(packet: Packet | MediaPacket): Sample {
    this.#entry ??= sampleEntryOf(this.#track, packet.payload);
    return this.clock.sampleOf(packet);
  }
}

/** The tracks of one file, found by kind and number. */
export class TrackInputs {
  /** In the order the caller named them. */
  readonly all: readonly TrackInput[];

  /**
   * @param tracks At least one.
   * @param options `timeOffsetUs`: added to all times, in microseconds.
   * @throws {FormatError} If MP4 cannot hold one of them.
   */
  constructor(tracks: readonly MuxTrack[], { timeOffsetUs = 0 }: { readonly timeOffsetUs?: number } = {}) {
    if (tracks.length === 0) throw new FormatError("Cannot write MP4: there is no track");
    this.all = tracks.map((track, index) =>
      new TrackInput(track, { containerTrackId: index + 1, timeOffsetUs })
    );
  }

  /** The track seeking goes by: the first of video, otherwise the first. */
  get leading(): TrackInput {
    return this.all.find(({ track }) => track.kind === "video") ?? this.all[0]!;
  }

  /**
   * The track of a media packet. Configurations are compared, other roles let by.
   *
   * @returns `undefined` where the packet is not written.
   * @throws {FormatError} If the file has no such track, or its configuration changed.
   */
  accept(packet: Packet): TrackInput | undefined {
    const { kind, trackId, codec, role } = packet;
    if (role !== "media" && role !== "config") return undefined;
    const input = this.all.find(({ track }) => track.kind === kind && track.trackId === trackId);
    if (input === undefined) {
      if (kind === "data") return undefined;
      throw new FormatError(`Cannot write ${kind} packet: the file has no ${kind} track ${trackId}`);
    }
    if (input.track.codec !== codec) {
      throw new FormatError(
        `Cannot write ${kind} track ${trackId}: its codec changed from ${input.track.codec} to ${codec}`,
      );
    }
    if (role === "media") return input;
    input.configure(packet);
    return undefined;
  }
}
