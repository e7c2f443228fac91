import type { RecordingControl } from "#application";
import { Recordings } from "#bridges/record";
import type { PublishRecorder } from "#bridges/rtmp";
import { systemClock } from "#clock";
import type { Logger } from "#log";
import { MediaRoot } from "#storage";
import type { Stream, StreamPath, StreamRegistry } from "#streaming";
import type { ApplicationConfig } from "./config/mod.ts";

/** Longest wait for recordings to be completed when the server closes, in ms: a disk may hang. */
const CLOSE_TIMEOUT_MS = 10_000;

/** The recordings of all applications. */
export class ApplicationRecordings implements PublishRecorder {
  readonly #streams: () => StreamRegistry;
  readonly #byName = new Map<string, Recordings>();
  /** Names of the files that are being written, by folder: applications may share one. */
  readonly #inUse = new Map<string, Set<string>>();

  /** @param streams Where live streams are found. */
  constructor(streams: () => StreamRegistry) {
    this.#streams = streams;
  }

  /**
   * Adds an application.
   *
   * @param log Root of all log lines.
   * @returns What it may do with its recordings.
   */
  add(config: ApplicationConfig, log: Logger): RecordingControl {
    const appName = config.name;
    const folder = config.mediaStorage.recordedStreamsStorage;
    const inUse = this.#inUse.get(folder) ?? new Set<string>();
    this.#inUse.set(folder, inUse);
    let root: Promise<MediaRoot> | undefined;
    const recordings = new Recordings({
      appName,
      settings: config.recording,
      openSink: () =>
        root ??= openRoot(folder).catch((error) => {
          // another time it may be there
          root = undefined;
          throw error;
        }),
      inUse,
      clock: systemClock,
      log: log.child("record"),
    });
    this.#byName.set(appName, recordings);
    return {
      start: (streamName, options) => {
        const stream = this.#streams().find({ appName, streamName });
        return stream?.publisher !== undefined && recordings.start(stream, options);
      },
      stop: (streamName) => recordings.stop(streamName),
      list: () => recordings.list(),
    };
  }

  refusal({ appName }: StreamPath): string | undefined {
    const isAllowed = this.#byName.get(appName)?.settings.allowPublishers ?? false;
    return isAllowed ? undefined : "publishers may not record here";
  }

  start(stream: Stream, options: Parameters<PublishRecorder["start"]>[1]): void {
    this.#byName.get(stream.path.appName)?.start(stream, { ...options, isFromNow: true });
  }

  /** A publisher has started, or left. */
  streamChanged(stream: Stream, isLive: boolean): void {
    const recordings = this.#byName.get(stream.path.appName);
    if (isLive) recordings?.streamUp(stream);
    else recordings?.streamDown(stream);
  }

  /** Completes all recordings, as far as the disk lets it. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = systemClock.after(CLOSE_TIMEOUT_MS, resolve);
    const closed = Promise.all([...this.#byName.values()].map((recordings) => recordings.close()));
    await Promise.race([closed, promise]);
  }
}

function openRoot(folder: string): Promise<MediaRoot> {
  return MediaRoot.open({ name: "recordings", folder, create: true });
}
