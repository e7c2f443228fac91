import type { Stream, StreamRegistry } from "#streaming";

/** One stream as the status page and API show it. */
export interface StreamStatus {
  readonly application: string;
  readonly name: string;
  readonly isLive: boolean;
  /** Protocol and address of the publisher; empty while there is none. */
  readonly publisher: string;
  /** Time since the publisher started, in s. */
  readonly liveS: number;
  /** Bits per second over the last sample; 0 before the second one. */
  readonly bitrateBps: number;
  readonly viewers: number;
  /** Codecs of its tracks, video first. */
  readonly codecs: readonly string[];
}

/** Shortest time between two samples of a bitrate, in ms. */
const SAMPLE_MS = 1_000;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
  readonly bitrateBps: number;
}

/** Takes snapshots of all streams; bitrates are measured between snapshots. */
export class StreamStatusReader {
  readonly #registry: StreamRegistry;
  readonly #nowMs: () => number;
  #samples = new WeakMap<object, Sample>();

  /**
   * @param registry Streams to look at.
   * @param nowMs Monotonic time in ms.
   */
  constructor(registry: StreamRegistry, nowMs: () => number) {
    this.#registry = registry;
    this.#nowMs = nowMs;
  }

  /** All streams, oldest first. */
  read(): StreamStatus[] {
    return this.#registry.list().map((stream) => this.#statusOf(stream));
  }

  #statusOf(stream: Stream): StreamStatus {
    const publisher = stream.publisher;
    return {
      application: stream.path.appName,
      name: stream.path.streamName,
      isLive: publisher !== undefined,
      publisher: publisher?.origin ?? "",
      liveS: publisher === undefined ? 0 : Math.round((this.#nowMs() - publisher.startedMs) / 1000),
      bitrateBps: publisher === undefined ? 0 : this.#bitrate(publisher),
      viewers: stream.audienceCount,
      codecs: stream.header.configs.filter(({ role }) => role === "config").map(({ codec }) => codec),
    };
  }

  #bitrate(
    publisher: { readonly statistics: { readonly bytes: number }; readonly startedMs: number },
  ): number {
    const atMs = this.#nowMs();
    const { bytes } = publisher.statistics;
    const last = this.#samples.get(publisher) ?? { atMs: publisher.startedMs, bytes: 0, bitrateBps: 0 };
    if (atMs - last.atMs < SAMPLE_MS) return last.bitrateBps;
    const bitrateBps = Math.round((bytes - last.bytes) * 8000 / (atMs - last.atMs));
    this.#samples.set(publisher, { atMs, bytes, bitrateBps });
    return bitrateBps;
  }
}
