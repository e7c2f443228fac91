import type { Clock } from "#clock";
import type { Packet } from "#media";

/** Media time between the last packet of one publisher and the first of the next, in microseconds. */
const SUCCESSION_GAP_US = 40_000;

/** Who publishes, and who is told about its end. */
export interface PublisherOptions {
  /** For the log and the status page: protocol and peer, as in `rtmp 127.0.0.1:50000`. */
  readonly origin: string;
  /** It has to go: another publisher took its name, or somebody shut it down; `why` is for peer and log. */
  readonly replaced: (why: string) => void;
}

/** The stream a publisher feeds. */
export interface PublisherStream {
  /** Decoding time of the newest packet ever published, in microseconds, or `undefined`. */
  readonly newestDtsUs: number | undefined;
  /** Takes one packet. */
  append(packet: Packet): void;
  /** The publisher has ended; `isLost` without good-bye. */
  publisherLeft(publisher: Publisher, isLost: boolean): void;
}

/** Counters of a publisher. */
export interface PublisherStatistics {
  /** Payload bytes of all packets. */
  bytes: number;
  /** Those of video. */
  videoBytes: number;
  /** Those of audio. */
  audioBytes: number;
  videoPackets: number;
  audioPackets: number;
  /** Video packets dropped because no key frame had come yet. */
  droppedPackets: number;
}

/** Feeds one stream; made by `Stream.publish`. */
export class Publisher {
  readonly origin: string;
  readonly statistics: PublisherStatistics = {
    bytes: 0,
    videoBytes: 0,
    audioBytes: 0,
    videoPackets: 0,
    audioPackets: 0,
    droppedPackets: 0,
  };
  /** Time of the newest media packet, or of the start before there is one; monotonic, in ms. */
  lastMediaMs: number;
  /** Time of the start, monotonic, in ms. */
  readonly startedMs: number;
  readonly #stream: PublisherStream;
  readonly #clock: Clock;
  readonly #options: PublisherOptions;
  #isEnded = false;
  #hasKeyFrame = false;
  /** Added to every time, so that times rise over a change of publishers; unknown before the first packet. */
  #shiftUs: number | undefined;

  constructor(stream: PublisherStream, options: PublisherOptions & { clock: Clock }) {
    this.#stream = stream;
    this.#options = options;
    this.#clock = options.clock;
    this.origin = options.origin;
    this.startedMs = this.lastMediaMs = options.clock.nowMs();
  }

  /** Whether it feeds the stream no more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * Publishes one packet; video before the first key frame is dropped.
   *
   * @param packet Its arrays belong to the stream from now on.
   */
  publish(packet: Packet): void {
    if (this.#isEnded) return;
    const { statistics } = this;
    statistics.bytes += packet.payload.length;
    if (packet.kind === "video") {
      statistics.videoPackets++;
      statistics.videoBytes += packet.payload.length;
      if (packet.role === "media" && !this.#hasKeyFrame) {
        if (!packet.isKeyFrame) {
          statistics.droppedPackets++;
          return;
        }
        this.#hasKeyFrame = true;
      }
    } else if (packet.kind === "audio") {
      statistics.audioPackets++;
      statistics.audioBytes += packet.payload.length;
    }
    this.lastMediaMs = this.#clock.nowMs();
    const shiftUs = this.#shiftUs ?? this.#succeed(packet);
    this.#stream.append(
      shiftUs === 0 ? packet : {
        ...packet,
        dtsUs: packet.dtsUs + shiftUs,
        ptsUs: packet.ptsUs + shiftUs,
      },
    );
  }

  /**
   * Ends publishing; subscribers wait for the next publisher.
   *
   * @param options `isLost`: the connection ended without good-bye, so subscribers are not told at once.
   */
  end(options: { isLost?: boolean } = {}): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stream.publisherLeft(this, options.isLost ?? false);
  }

  /** Called by the stream: another publisher takes over. */
  replaced(): void {
    this.#isEnded = true;
    this.#options.replaced("replaced by another publisher after a silence");
  }

  /**
   * Ends publishing from this side, and with it the connection.
   *
   * @param why For the peer and the log.
   */
  shutDown(why: string): void {
    if (this.#isEnded) return;
    this.end();
    this.#options.replaced(why);
  }

  /** Times go on where the previous publisher ended, whatever this one starts at. */
  #succeed(packet: Packet): number {
    const previousUs = this.#stream.newestDtsUs;
    const shiftUs = previousUs === undefined ? 0 : previousUs + SUCCESSION_GAP_US - packet.dtsUs;
    // metadata and configurations are often stamped 0: media decides
    if (packet.role === "media") this.#shiftUs = shiftUs;
    return shiftUs;
  }
}
