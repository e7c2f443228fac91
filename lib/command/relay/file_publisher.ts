import { encodeAmf0Values } from "#amf";
import { metadataOf, TrackChoice } from "#bridges/vod";
import type { Clock } from "#clock";
import { errorMessage, FormatError, LimitError } from "#errors";
import type { Logger } from "#log";
import type { Demuxer, MediaPacket, MediaTrack, Packet } from "#media";
import { FULL_DIALECT } from "#mediaformats/flv";
import type { Publisher } from "#streaming";

/** Packets so close to their time are published at once, in ms. */
const SLACK_MS = 5;
/** Time from the last packet of a file to its first one again. */
const LOOP_GAP_US = 40_000;
/** Most packets that are read to find the first of each track. */
const MAX_FIRST_PACKETS = 200;

/** What a `FilePublisher` is made of. */
export interface FilePublisherOptions {
  /** Fed from `run` on. */
  readonly publisher: Publisher;
  readonly clock: Clock;
  /** Told of tracks that RTMP cannot carry. */
  readonly log: Logger;
  /** Whether the file begins again at its end. @default {false} */
  readonly isLooped?: boolean;
}

/** Publishes a media file in real time: of each kind the first track that RTMP can carry. */
export class FilePublisher {
  readonly #demuxer: Demuxer;
  readonly #options: FilePublisherOptions;
  readonly #tracks: TrackChoice;
  #isStopped = false;
  #fault: string | undefined;
  /** File time that is time 0. */
  #firstUs: number | undefined;
  #startedMs = 0;
  #isIntroduced = false;
  /** Read, and not published yet; the next one last. */
  #pending: MediaPacket[] = [];
  #publishedUs = 0;
  /** Where the file's times begin, the first time and each time again. */
  #originUs = 0;

  /** @param demuxer Stands at the start of the file; is not closed. */
  constructor(demuxer: Demuxer, options: FilePublisherOptions) {
    this.#demuxer = demuxer;
    this.#options = options;
    this.#tracks = new TrackChoice(demuxer, { dialect: FULL_DIALECT });
  }

  /** Why the file could not be read to its end. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Publishes the first packets, until each track has one: for targets that are told of all tracks beforehand. */
  async begin(): Promise<void> {
    const awaited = new Set([this.#tracks.video, this.#tracks.audio].map((track) => track?.index));
    awaited.delete(undefined);
    for (let count = 0; count < MAX_FIRST_PACKETS && awaited.size > 0 && !this.#isStopped; count++) {
      const packet = await this.#next();
      if (packet === undefined) return;
      awaited.delete(packet.trackIndex);
      await this.#publish(packet);
    }
  }

  /** Publishes until the end of the file, or `stop`. */
  async run(): Promise<void> {
    // what was waited for since `begin` does not count
    this.#startedMs = this.#options.clock.nowMs() - this.#publishedUs / 1000;
    while (!this.#isStopped) {
      const packet = await this.#next();
      if (packet === undefined) return;
      await this.#publish(packet);
    }
  }

  /** Publishes no more. */
  stop(): void {
    this.#isStopped = true;
  }

  async #next(): Promise<MediaPacket | undefined> {
    if (!this.#isIntroduced) this.#introduce();
    if (this.#pending.length === 0) this.#pending = (await this.#read()).toReversed();
    return this.#pending.pop();
  }

  #introduce(): void {
    this.#isIntroduced = true;
    const { publisher, log } = this.#options;
    const tracks = this.#tracks;
    for (const { kind, codecName } of tracks.notCarried) {
      log.warning(`The ${kind} is left out: it is ${codecName}, which RTMP cannot carry`);
    }
    const metadata = encodeAmf0Values(["onMetaData", metadataOf(this.#demuxer.summary, tracks)]);
    publisher.publish(packetOf({ kind: "data", codec: "script", role: "metadata", payload: metadata }));
    for (const track of [tracks.video, tracks.audio]) {
      if (track?.codecConfig !== undefined) publisher.publish(configOf(track, track.codecConfig));
    }
  }

  async #read(): Promise<readonly MediaPacket[]> {
    try {
      const packets = await this.#demuxer.read();
      if (packets.length > 0 || this.#options.isLooped !== true || this.#isStopped) return packets;
      await this.#demuxer.seek(0);
      this.#originUs = this.#publishedUs + LOOP_GAP_US;
      return await this.#demuxer.read();
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
      this.#fault = errorMessage(error);
      return [];
    }
  }

  async #publish(packet: MediaPacket): Promise<void> {
    const { kind, role } = packet;
    const isWanted = kind === "data"
      ? role === "data" && packet.codec === "script"
      : this.#tracks[kind]?.index === packet.trackIndex;
    // sound that is not heard
    if (!isWanted || kind !== "video" && packet.isDiscarded) return;
    const { clock, publisher } = this.#options;
    if (this.#firstUs === undefined) this.#startedMs = clock.nowMs();
    const dtsUs = this.#originUs + packet.dtsUs - (this.#firstUs ??= packet.dtsUs);
    const waitMs = this.#startedMs + dtsUs / 1000 - clock.nowMs();
    if (waitMs > SLACK_MS) await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    if (this.#isStopped) return;
    const ptsUs = dtsUs + packet.ptsUs - packet.dtsUs;
    this.#publishedUs = dtsUs;
    publisher.publish({ ...packet, trackId: 0, dtsUs: Math.max(0, dtsUs), ptsUs });
  }
}

function configOf({ kind, codec }: MediaTrack, payload: Uint8Array): Packet {
  return packetOf({ kind, codec, role: "config", payload });
}

function packetOf(packet: Pick<Packet, "kind" | "codec" | "role" | "payload">): Packet {
  return { ...packet, trackId: 0, dtsUs: 0, ptsUs: 0, isKeyFrame: false };
}
